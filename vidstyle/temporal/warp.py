"""Move pictures along a flow."""

from __future__ import annotations

import torch
from kornia.geometry.transform import remap
from torch import Tensor

__all__ = ["warp", "within"]


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


def within(flow: Tensor) -> Tensor:
    """Where a flow (N, 2, H, W) in pixels stays in the picture: (N, 1, H, W), bool."""
    height, width = flow.shape[-2:]
    x = torch.arange(width, device=flow.device) + flow[:, :1]
    y = torch.arange(height, device=flow.device)[:, None] + flow[:, 1:]
    return (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
