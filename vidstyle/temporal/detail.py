"""Give a picture back the sharpness that averaging took from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import cv2
import numpy as np
import torch.nn.functional as F
from torch import Tensor

from . import arrays
from .raster import apart, blurred, each, laid_over, lit, luma, on_cpu, resized

__all__ = ["as_detailed", "roughness"]

Picture = TypeVar("Picture", Tensor, np.ndarray)

FINE = 4
"""Fine detail is what does not survive that a picture is made so many times smaller and as large again. It is then as
if blurred by a Gaussian of two pixels' deviation."""
EVERY = 8
"""Roughness is sampled in every so many rows."""
AREA = 16
"""It is compared in areas of so many pixels."""
MOST = 2.5
"""Largest gain."""
LEAST = 4e-3
"""Roughness that does not matter."""


def as_detailed(picture: Tensor, wanted: Tensor, colours: bool = False) -> Tensor:
    """`picture`, (N, 3, H, W) in [0, 1], with luma about as rough, area by area, as is `wanted`; see `roughness`.

    colours: what is fine in them is raised too, which is nearer to the style and takes twice as long.
    """
    if on_cpu(picture) and not colours:
        return each(_as_detailed, picture, wanted)
    light, size = luma(picture), (picture.shape[-2], picture.shape[-1])
    gain, small = _gain(wanted, roughness(light)), _smaller(size, FINE)
    if not colours:
        return lit(picture, light, resized(light, small), gain)
    return laid_over(picture, resized(resized(picture, small), size), -resized(gain, size)).clamp_(0, 1)


def roughness(picture: Tensor) -> Tensor:
    """Mean difference of neighbouring pixels' luma around every area: (N, 1, H / AREA, W / AREA).

    picture: (N, 3, H, W), or its luma, (N, 1, H, W).
    """
    if on_cpu(picture):
        return each(_roughness, picture)
    height, width = _smaller(picture.shape[-2:], AREA)
    whole = picture[..., : height * AREA, : width * AREA]
    rows, below = whole[..., ::EVERY, :], whole[..., 1::EVERY, :]
    if picture.shape[1] == 3:
        rows, below = luma(rows), luma(below)
    across, down = apart(rows[..., 1:], rows[..., :-1]), apart(rows, below)
    return blurred(resized(F.pad(across, (0, 1, 0, 0), mode="replicate") + down, (height, width)), 1.0)


def _as_detailed(picture: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The same for one picture (H, W, 3), without PyTorch, of which every call takes a small picture's time."""
    light = arrays.luma(picture)
    gain = _gain(wanted, _roughness(light))
    return arrays.lit(picture, light, arrays.halved(light, _smaller(light.shape, FINE)), gain)


def _roughness(picture: np.ndarray) -> np.ndarray:
    """The same for one picture (H, W, 3), or its luma, (H, W)."""
    height, width = _smaller(picture.shape, AREA)
    # Means are quick where areas have as many samples each.
    whole = picture[: height * AREA, : width * AREA]
    rows, below = whole[::EVERY], whole[1::EVERY]
    if picture.ndim == 3:
        rows, below = arrays.luma(rows), arrays.luma(below)
    across, down = cv2.absdiff(rows[:, 1:], rows[:, :-1]), cv2.absdiff(rows, below)
    across = cv2.copyMakeBorder(across, 0, 0, 0, 1, arrays.REPEAT)
    return arrays.blurred(arrays.resized(cv2.add(across, down), (height, width)), 1.0)


def _gain(wanted: Picture, there: Picture) -> Picture:
    return ((wanted + LEAST) / (there + LEAST) - 1).clip(0, MOST)


def _smaller(size: Sequence[int], times: int) -> tuple[int, int]:
    """(height, width) so many times smaller."""
    return max(1, size[0] // times), max(1, size[1] // times)
