"""Where a flow can be believed.

Source: Ruder, Dosovitskiy, Brox 2016, section 3.2 (after Sundaram et al. 2010).
"""

from __future__ import annotations

import torch
from torch import Tensor

from .flow import FlowEstimator
from .warp import warp, within

__all__ = ["flow_seen", "visible"]


def visible(flow: Tensor, opposite: Tensor, scale: float = 1.0) -> Tensor:
    """Pixels that both frames show and that are not on a motion boundary: (N, 1, H, W), 1 or 0.

    flow, opposite: (N, 2, H, W) in pixels, from the frame in question to the other and back. scale: of the sides of
    these flows to those of the full frames, in whose pixels the rule was written.
    """
    returned = warp(opposite, flow)
    energy = flow.square().sum(1, keepdim=True)
    mismatch = (flow + returned).square().sum(1, keepdim=True)
    disoccluded = mismatch >= 0.01 * (energy + returned.square().sum(1, keepdim=True)) + 0.5 * scale**2

    slopes = torch.gradient(flow, dim=(2, 3))
    steepness = sum(slope.square().sum(1, keepdim=True) for slope in slopes)
    boundary = steepness > 0.01 * energy / scale**2 + 0.002

    return (within(flow) & ~(disoccluded | boundary)).to(flow.dtype)


def flow_seen(estimate: FlowEstimator, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """The flow from `first` to `second`, (N, 2, H, W), and the mask (N, 1, H, W) of the pixels that both show."""
    flow = estimate(first, second)
    return flow, visible(flow, estimate(second, first))
