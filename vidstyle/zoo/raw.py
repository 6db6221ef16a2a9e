"""Weights published as a folder of raw numbers, one file for each tensor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from vidstyle.errors import ModelError
from vidstyle.nets.magenta import layers

from .checkpoint import State

__all__ = ["read_magenta"]

SUBFOLDER = "parameters"
MOST = 1000
"""Styles."""


def read_magenta(folder: Path) -> State | None:
    """The tensors of Magenta's net of many styles, little-endian float32, kernels with inputs last.

    None where the folder, and its subfolder "parameters", holds no such files. ModelError where one is missing or has
    a wrong size.
    """
    places = (folder, folder / SUBFOLDER)
    here = next((place for place in places if (place / "transformer_contract_conv1_weights").is_file()), None)
    if here is None:
        return None
    state: State = {}
    for name, (inputs, outputs, side) in layers().items():
        # The last convolutions stand behind an upsampling, in a scope of their own.
        scope = f"transformer_{name.replace('.', '_')}" + ("_conv" if name.startswith("expand") else "")
        kernel = _numbers(here / f"{scope}_weights", outputs * side * side * inputs)
        # HWIO in the graph, kept as (outputs, height, width, inputs).
        state[f"{name.replace('.', '_')}.weight"] = (
            torch.from_numpy(kernel).view(outputs, side, side, inputs).permute(0, 3, 1, 2).contiguous()
        )
        for row in ("gamma", "beta"):
            numbers = _numbers(here / f"{scope}_InstanceNorm_{row}", outputs, MOST)
            state[f"{name.replace('.', '_')}.{row}"] = torch.from_numpy(numbers).view(-1, outputs)
    return state


def _numbers(path: Path, count: int, most: int = 1) -> np.ndarray:
    """`count` float32 numbers, or up to `most` times as many."""
    try:
        size = path.stat().st_size
        if size % (4 * count) or not 4 * count <= size <= 4 * count * most:
            raise ModelError(f"{path} has {size} bytes, not {4 * count}; fetch it again")
        return np.fromfile(path, "<f4")
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}") from None
