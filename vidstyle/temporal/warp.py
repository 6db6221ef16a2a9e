"""Move pictures along a flow."""

from __future__ import annotations

import torch
from kornia.geometry.transform import remap
from torch import Tensor

__all__ = ["warp"]


def warp(frames: Tensor, flow: Tensor) -> Tensor:
    """Backward warp: the result at x is `frames` at x + flow(x), bilinear, borders repeated.

    frames: (N, C, H, W); flow: (N, 2, H, W) in pixels, (dx, dy). Returns (N, C, H, W).
    """
    height, width = flow.shape[-2:]
    y, x = torch.meshgrid(
        torch.arange(height, device=flow.device, dtype=flow.dtype),
        torch.arange(width, device=flow.device, dtype=flow.dtype),
        indexing="ij",
    )
    return remap(frames, x + flow[:, 0], y + flow[:, 1], mode="bilinear", padding_mode="border", align_corners=True)
