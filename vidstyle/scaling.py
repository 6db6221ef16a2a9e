"""At which size frames are painted."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

__all__ = ["SMALLEST_SIDE", "fit", "resize"]

SMALLEST_SIDE = 16
"""Smaller frames are painted enlarged: the nets work at an eighth of the resolution and need more than one value."""


def fit(size: tuple[int, int], max_side: int | None) -> tuple[int, int]:
    """(width, height) scaled so that the longer side is at most `max_side`, even where it is scaled.

    A shape is kept: where the shorter side would become smaller than SMALLEST_SIDE, the longer one stays larger.
    """
    longer = max(size)
    if not max_side:
        return size
    scale = max(max_side / longer, SMALLEST_SIDE / min(size))
    if scale >= 1:
        return size
    width, height = (max(SMALLEST_SIDE, 2 * round(side * scale / 2)) for side in size)
    return width, height


def resize(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    """(N, 3, H, W) in [0, 1] at (width, height) `size`; a no-op where it has it already."""
    if tuple(pixels.shape[-2:]) == (size[1], size[0]):
        return pixels
    return F.interpolate(pixels, (size[1], size[0]), mode="bicubic", antialias=True, align_corners=False).clamp_(0, 1)
