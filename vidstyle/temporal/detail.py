"""Give a picture back the sharpness that averaging took from it."""

from __future__ import annotations

from torch import Tensor

from .raster import apart, blurred, laid_over, lit, luma, minus, resized

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


def as_detailed(picture: Tensor, wanted: Tensor, colours: bool = False) -> Tensor:
    """`picture`, (N, 3, H, W) in [0, 1], with luma about as rough, area by area, as is `wanted`; see `roughness`.

    colours: what is fine in them is raised too, which is nearer to the style and takes twice as long.
    """
    light = luma(picture)
    there = roughness(light)
    gain = (REACH * ((wanted + LEAST) / (there + LEAST) - 1)).clamp(0, MOST)
    weight = resized(gain, (picture.shape[-2], picture.shape[-1]))
    if colours:
        return laid_over(picture, blurred(picture, FINE), -weight).clamp_(0, 1)
    return lit(picture, minus(light, blurred(light, FINE)), weight)


def roughness(light: Tensor) -> Tensor:
    """Mean difference of neighbouring pixels' luma (N, 1, H, W) around every area: (N, 1, H / AREA, W / AREA)."""
    rows, below = light[..., :-1:EVERY, :], light[..., 1::EVERY, :]
    size = max(1, light.shape[-2] // AREA), max(1, light.shape[-1] // AREA)
    across, down = (resized(apart(*pair), size) for pair in ((rows[..., 1:], rows[..., :-1]), (rows, below)))
    return blurred(across + down, 1.0)
