"""Frames, batches and their stamps: what travels through the house."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

__all__ = ["MAX_PIXELS", "Batch", "ColorSpec", "Frame", "Stamp"]

MAX_PIXELS = 64_000_000
"""Pixels of a picture or frame that are accepted unless a caller says otherwise: hostile files ask for more memory."""


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


class Frame:
    """One picture and its place in the clip.

    `rgb` is (H, W, 3), uint8 in [0, 255] or uint16 in [0, 65535] for sources deeper than 8 bits; a decoded
    frame converts it on first use. Setting it marks the frame `painted`. `alpha` is (H, W) of the same type, or None.
    `source` is the decoder's own picture (it has width and height); a frame that nobody painted is encoded
    from it, so that its code values survive. `repeated` marks a copy of the frame before, in place of a damaged one.
    """

    __slots__ = ("_alpha", "_read", "_rgb", "color", "painted", "repeated", "source", "stamp")

    def __init__(
        self,
        rgb: np.ndarray | None,
        stamp: Stamp,
        color: ColorSpec = ColorSpec(),
        alpha: np.ndarray | None = None,
        source: Any = None,
        repeated: bool = False,
        read: Callable[[Any], tuple[np.ndarray, np.ndarray | None]] | None = None,
    ) -> None:
        """`read(source)` gives (rgb, alpha) where `rgb` is None."""
        self._rgb, self._alpha, self._read = rgb, alpha, read
        self.stamp, self.color, self.source, self.repeated = stamp, color, source, repeated
        self.painted = rgb is not None

    def _load(self) -> None:
        if self._rgb is None and self._read is not None:
            self._rgb, self._alpha = self._read(self.source)

    @property
    def rgb(self) -> np.ndarray:
        self._load()
        if self._rgb is None:
            raise ValueError("a frame needs either rgb or a source and a way to read it")
        return self._rgb

    @rgb.setter
    def rgb(self, pixels: np.ndarray) -> None:
        self._load()  # alpha comes from the source and stays
        self._rgb, self.painted = pixels, True

    @property
    def alpha(self) -> np.ndarray | None:
        self._load()
        return self._alpha

    @alpha.setter
    def alpha(self, pixels: np.ndarray | None) -> None:
        self._load()
        self._alpha, self.painted = pixels, True

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        if self._rgb is None:
            return self.source.width, self.source.height
        return self._rgb.shape[1], self._rgb.shape[0]


@dataclass(slots=True)
class Batch:
    """Frames of one size on the compute device: `pixels` is (N, 3, H, W) in [0, 1], with N frames behind it."""

    pixels: torch.Tensor
    frames: list[Frame]
