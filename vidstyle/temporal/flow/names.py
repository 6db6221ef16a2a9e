"""Flow estimators by name."""

from __future__ import annotations

from collections.abc import Callable

import torch

from vidstyle.errors import OptionError

from .estimator import FlowEstimator, Scaled
from .lucas_kanade import LucasKanade
from .opencv import Dis, Farneback
from .raft import Raft

__all__ = ["FLOWS", "ON_DEVICE", "flow_estimator"]

FLOWS = ("auto", "dis", "dis-fast", "dis-ultrafast", "farneback", "lk", "raft", "raft-large")
ON_DEVICE = ("lk", "raft", "raft-large")
"""Those that compute on the device that they are given; the others on a CPU, whatever it is."""


def flow_estimator(name: str = "auto", device: torch.device | str = "cpu", scale: float = 1.0) -> FlowEstimator:
    """The estimator of that name; "auto" is DIS.

    scale: of the frames' sides, at which flow is computed. OptionError for a name that is not in FLOWS; InputError
    where its weights cannot be had.
    """
    makers: dict[str, Callable[[], FlowEstimator]] = {
        "auto": Dis,
        "dis": Dis,
        "dis-fast": lambda: Dis("fast"),
        "dis-ultrafast": lambda: Dis("ultrafast"),
        "farneback": Farneback,
        "lk": LucasKanade,
        "raft": lambda: Raft("small", device),
        "raft-large": lambda: Raft("large", device),
    }
    if name not in makers:
        raise OptionError(f"no flow is called {name}; choose {', '.join(FLOWS)}")
    estimate = makers[name]()
    return estimate if scale == 1 else Scaled(estimate, scale)
