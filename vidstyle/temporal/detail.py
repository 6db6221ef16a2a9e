"""Give a picture back the sharpness that averaging took from it."""

from __future__ import annotations

from torch import Tensor

from .raster import apart, blurred, clamped, laid_over, luma, resized

__all__ = ["as_detailed", "roughness"]

FINE = 2.0
"""Deviation, in pixels, of the Gaussian that fine detail does not survive."""
EVERY = 8
"""Roughness is sampled in every so many rows."""
AREA = 16
"""It is compared in areas of so many pixels."""
REACH = 1.0
"""Gain for every part of roughness that is missing."""
MOST = 2.5
"""Largest gain."""
LEAST = 4e-3
"""Roughness that does not matter."""


def as_detailed(picture: Tensor, wanted: Tensor) -> Tensor:
    """`picture`, (N, 3, H, W) in [0, 1], about as sharp, area by area, as another whose roughness is `wanted`."""
    there = roughness(picture)
    gain = (REACH * ((wanted + LEAST) / (there + LEAST) - 1)).clamp(0, MOST)
    weight = resized(-gain, (picture.shape[-2], picture.shape[-1]))
    return clamped(laid_over(picture, blurred(picture, FINE), weight))


def roughness(x: Tensor) -> Tensor:
    """Mean difference of neighbouring pixels' luma around every area: (N, 1, H / AREA, W / AREA)."""
    rows, below = luma(x[..., :-1:EVERY, :]), luma(x[..., 1::EVERY, :])
    size = max(1, x.shape[-2] // AREA), max(1, x.shape[-1] // AREA)
    across, down = (resized(apart(*pair), size) for pair in ((rows[..., 1:], rows[..., :-1]), (rows, below)))
    return blurred(across + down, 1.0)
