"""Give a picture back the sharpness that averaging took from it."""

from __future__ import annotations

from torch import Tensor

from .raster import apart, blurred, laid_over, lit, luma, resized

__all__ = ["as_detailed", "roughness"]

FINE = 4
"""Fine detail is what does not survive that a picture is made so many times smaller and as large again."""
EVERY = 8
"""Roughness is sampled in every so many rows."""
AREA = 16
"""It is compared in areas of so many pixels."""
MOST = 2.5
"""Largest gain."""
LEAST = 4e-3
"""Roughness that does not matter."""


def as_detailed(picture: Tensor, wanted: Tensor, reach: float = 1.0, colours: bool = False) -> Tensor:
    """`picture`, (N, 3, H, W) in [0, 1], with luma about as rough, area by area, as is `wanted`; see `roughness`.

    reach: gain for every part of roughness that is missing. colours: what is fine in them is raised too, which is
    nearer to the style and takes twice as long.
    """
    light = luma(picture)
    there = roughness(light)
    gain = (reach * ((wanted + LEAST) / (there + LEAST) - 1)).clamp(0, MOST)
    if not colours:
        return lit(picture, light, _soft(light), gain)
    size = (picture.shape[-2], picture.shape[-1])
    return laid_over(picture, resized(_soft(picture), size), -resized(gain, size)).clamp_(0, 1)


def roughness(picture: Tensor) -> Tensor:
    """Mean difference of neighbouring pixels' luma around every area: (N, 1, H / AREA, W / AREA).

    picture: (N, 3, H, W), or its luma, (N, 1, H, W).
    """
    rows, below = picture[..., :-1:EVERY, :], picture[..., 1::EVERY, :]
    if picture.shape[1] == 3:
        rows, below = luma(rows), luma(below)
    size = max(1, picture.shape[-2] // AREA), max(1, picture.shape[-1] // AREA)
    across, down = apart(rows[..., 1:], rows[..., :-1]), apart(rows, below)
    return blurred(resized(across + down[..., 1:], size), 1.0)


def _soft(x: Tensor) -> Tensor:
    """So small that fine detail is gone. As large again, it is as if blurred by a Gaussian of two pixels' deviation."""
    return resized(x, (max(1, round(x.shape[-2] / FINE)), max(1, round(x.shape[-1] / FINE))))
