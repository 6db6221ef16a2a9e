"""Import torchvision beside a CPU build of PyTorch.

PyPI's torchvision is built for CUDA. Beside a CPU PyTorch its compiled operators do not load and its import fails with
"operator torchvision::nms does not exist". Its models and transforms need none of them, only their declarations.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

import torch

from vidstyle.errors import MissingExtra

__all__ = ["import_torchvision"]

SUPPRESSION = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"

# Declarations last as long as this object.
_declared: torch.library.Library | None = None


def import_torchvision() -> ModuleType:
    """torchvision, usable for models and transforms whatever build of PyTorch is there. MissingExtra without it."""
    global _declared
    try:
        return import_module("torchvision")
    except ImportError:
        raise MissingExtra("torchvision", "train") from None
    except RuntimeError as error:
        if "torchvision::nms" not in str(error) or _declared is not None:
            raise
    # What the failed import left behind would be taken for the whole.
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    _declared = torch.library.Library("torchvision", "DEF")
    for operator in ("nms", "qnms"):
        _declared.define(f"{operator}{SUPPRESSION}")
    return import_module("torchvision")
