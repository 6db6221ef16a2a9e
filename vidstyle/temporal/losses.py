"""Losses that ask for steadiness in time."""

from __future__ import annotations

from torch import Tensor

from .warp import warp

__all__ = ["steadiness"]


def steadiness(painted: Tensor, painted_moved: Tensor, flow: Tensor, margin: int = 8) -> Tensor:
    """How much painting and moving fail to commute: mean |warp(painted) − painted_moved|, away from the border.

    painted: (N, 3, H, W), the first picture painted; painted_moved: the picture warped along `flow`, with noise
    added, and then painted. `margin` pixels at the border are left out, where the warp had nothing to show.
    """
    inside = (..., slice(margin, -margin or None), slice(margin, -margin or None))
    return (warp(painted, flow)[inside] - painted_moved[inside]).abs().mean()
