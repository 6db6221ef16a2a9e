"""Pairs of pictures for the temporal terms: one shows the other moved."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vidstyle.temporal.losses import inside
from vidstyle.temporal.random_flow import random_flow
from vidstyle.temporal.warp import warp

__all__ = ["Pair", "made_up"]

WHOLE = 0.5
"""Share of made-up motions by whole pixels: nothing is resampled, so all that changes is of the net's making, and each
phase of its strides shows."""


@dataclass(frozen=True)
class Pair:
    """Frames (N, 3, c, c) in [0, 1] and later ones, the flow (N, 2, c, c) from the later to the earlier, and the mask
    (N, 1, c, c) of what both show. filmed: the light may have changed between them."""

    first: Tensor
    later: Tensor
    flow: Tensor
    mask: Tensor
    filmed: bool


def made_up(pictures: Tensor) -> Pair:
    """Pictures, moved along a made-up motion and with noise added. Source: Wang et al. 2020 (ReReVST), section 3.3."""
    flow = random_flow(len(pictures), *pictures.shape[-2:], device=pictures.device)
    if torch.rand(()) < WHOLE:
        flow = flow.mean((2, 3), keepdim=True).round().expand_as(flow)
    noise = torch.empty(len(pictures), 1, 1, 1, device=pictures.device).uniform_(0.001, 0.02)
    later = (warp(pictures, flow) + noise * torch.randn_like(pictures)).clamp(0, 1)
    return Pair(pictures, later, flow, inside(flow), filmed=False)
