"""Frames, batches and their stamps: what travels through the house."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import torch

__all__ = ["Batch", "ColorSpec", "Frame", "Stamp"]


@dataclass(frozen=True, slots=True)
class ColorSpec:
    """How the code values of a stream mean colour; code points of ITU-T H.273 (2 is "unspecified")."""

    full_range: bool = False
    matrix: int = 2
    primaries: int = 2
    transfer: int = 2


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a frame is shown: integers in units of `time_base` seconds, never floats."""

    index: int
    """Place in the clip, counted from 0 in display order."""
    pts: int
    duration: int
    """0 where the container does not say."""
    time_base: Fraction

    @property
    def seconds(self) -> Fraction:
        return self.pts * self.time_base


@dataclass(slots=True)
class Frame:
    """One decoded picture.

    `rgb` is (H, W, 3), uint8 in [0, 255] or uint16 in [0, 65535] for sources deeper than 8 bits.
    `alpha` is (H, W) of the same type, or None. `source` is the decoder's own picture; a frame that
    nobody painted is encoded from it, so that its code values survive.
    `repeated` marks a copy of the frame before, standing in for a damaged one.
    """

    rgb: np.ndarray
    stamp: Stamp
    color: ColorSpec = ColorSpec()
    alpha: np.ndarray | None = None
    source: Any = None
    repeated: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.rgb.shape[1], self.rgb.shape[0]


@dataclass(slots=True)
class Batch:
    """Frames of one size on the compute device: `pixels` is (N, 3, H, W) in [0, 1], with N frames behind it."""

    pixels: torch.Tensor
    frames: list[Frame]
