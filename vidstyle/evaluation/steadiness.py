"""How steady a painted clip is.

Source: Lai et al. 2018, section 4 (warping error), with the occlusion rule of Ruder et al. 2016.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean

from torch import Tensor

from vidstyle.errors import InputError
from vidstyle.temporal.flow import FlowEstimator
from vidstyle.temporal.occlusion import visible
from vidstyle.temporal.warp import warp

__all__ = ["Motion", "motions", "warping_error"]

Motion = tuple[Tensor, Tensor]
"""The flow from a frame to a later one, (1, 2, H, W), and the mask of the pixels that both show, (1, 1, H, W)."""


def motions(contents: Sequence[Tensor], interval: int, estimate: FlowEstimator) -> list[Motion]:
    """The motion from every content frame (1, 3, H, W) to the one `interval` frames later."""
    found = []
    for first, second in zip(contents, contents[interval:], strict=False):
        flow = estimate(first, second)
        found.append((flow, visible(flow, estimate(second, first))))
    return found


def warping_error(frames: Sequence[Tensor], known: Iterable[Motion], interval: int) -> float:
    """Mean squared difference of every frame and the one `interval` later moved back, where both show the same.

    frames: (1, 3, H, W) in [0, 1], painted or not; known: the motions of their contents. InputError where no pair of
    frames can be compared.
    """
    errors = []
    for first, second, (flow, mask) in zip(frames, frames[interval:], known, strict=False):
        if mask.any():
            squares = (warp(second, flow) - first).square().mean(1, keepdim=True)
            errors.append(((mask * squares).sum() / mask.sum()).item())
    if not errors:
        raise InputError(f"no two frames {interval} apart show the same thing")
    return fmean(errors)
