"""What every flow estimator has in common, and how to estimate on smaller frames."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from vidstyle.temporal.raster import enlarged, resized

__all__ = ["FlowEstimator", "Scaled"]

SMALLEST = 16
"""Side of the smallest frames that flow is estimated on."""


class FlowEstimator(Protocol):
    def __call__(self, first: Tensor, second: Tensor) -> Tensor:
        """The flow from `first` to `second`, both (N, 3 or 1, H, W) in [0, 1]: (N, 2, H, W), (dx, dy) in pixels.

        `warp(second, flow)` looks like `first`. One channel is luma.
        """


class Scaled:
    """An estimator that works on frames of `scale` times their sides; its flow is in pixels of the full size."""

    def __init__(self, estimate: FlowEstimator, scale: float) -> None:
        self.estimate, self.scale = estimate, scale

    def __call__(self, first: Tensor, second: Tensor) -> Tensor:
        height, width = first.shape[-2:]
        size = max(SMALLEST, round(height * self.scale)), max(SMALLEST, round(width * self.scale))
        flow = self.estimate(resized(first, size), resized(second, size))
        return enlarged(flow, (height, width))
