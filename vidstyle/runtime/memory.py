"""When the device's memory is too small: smaller batches, then tiles, then a clear error."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.errors import OptionError, OutOfMemory
from vidstyle.nets.statistics import Statistics

__all__ = ["Thrifty", "release"]

Paint = Callable[[Tensor], Tensor]

OVERLAP = 64
SMALLEST_TILE = 256


class Thrifty:
    """Paints so that it fits the memory, and remembers what fitted.

    A batch that does not fit is halved; a single frame that does not fit is cut
    into overlapping tiles, blended linearly where they overlap; `note` says when that happens. All tiles are normalised
    by the statistics of the frame made small, where PyTorch itself runs the net; a graph runtime sees each by itself.
    """

    def __init__(self, note: Callable[[str], None] = lambda text: None, tile: int | None = None) -> None:
        """tile: side of the tiles to begin with, for frames that are larger; OptionError below SMALLEST_TILE."""
        if tile is not None and tile < SMALLEST_TILE:
            raise OptionError(f"tiles of {tile} pixels are too small; give at least {SMALLEST_TILE}")
        self.note = note
        self.largest: int | None = None
        self.tile = tile

    def __call__(self, paint: Paint, frames: Tensor) -> Tensor:
        """`paint` over frames (N, 3, H, W); the same shape."""
        if self.tile is not None and max(frames.shape[-2:]) > self.tile:
            return _joined([self._tiled(paint, frame) for frame in frames.split(1)])
        size = min(len(frames), self.largest or len(frames))
        try:
            return _joined([paint(part) for part in frames.split(size)])
        except (torch.OutOfMemoryError, MemoryError):
            pass
        # Outside the handler: the exception holds on to the tensors that did not fit.
        release(frames.device)
        if size > 1:
            self.largest = size // 2
            self.note(f"{size} frames at once do not fit the device's memory; going on with {self.largest}")
        else:
            self._smaller_tiles(max(frames.shape[-2:]))
        return self(paint, frames)

    def _tiled(self, paint: Paint, frame: Tensor) -> Tensor:
        """frame (1, 3, H, W), painted tile by tile."""
        while True:
            tile = self.tile or SMALLEST_TILE
            try:
                return _blend(paint, frame, tile)
            except (torch.OutOfMemoryError, MemoryError):
                pass
            release(frame.device)
            self._smaller_tiles(tile)

    def _smaller_tiles(self, side: int) -> None:
        if side <= SMALLEST_TILE:
            raise OutOfMemory(
                f"not even a {SMALLEST_TILE}-pixel tile fits the device's memory; "
                "close other programs on it, choose --device cpu or a smaller --max-side"
            )
        self.tile = max(SMALLEST_TILE, -(-side // 2))
        self.note(f"a frame does not fit the device's memory; going on in tiles of {self.tile} pixels")


def _joined(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def _blend(paint: Paint, frame: Tensor, tile: int) -> Tensor:
    height, width = frame.shape[-2:]
    statistics = Statistics()
    small = min(1.0, tile / math.sqrt(height * width))
    size = (max(1, round(small * height)), max(1, round(small * width)))
    with statistics.used():
        paint(F.interpolate(frame, size, mode="area"))
    total = torch.zeros_like(frame)
    weights = torch.zeros_like(frame[:, :1])
    for top in _starts(height, tile):
        for left in _starts(width, tile):
            here = (..., slice(top, top + tile), slice(left, left + tile))
            with statistics.used():
                painted = paint(frame[here])
            ramp = _ramp(painted.shape[-2], frame)[:, None] * _ramp(painted.shape[-1], frame)
            total[here] += ramp * painted
            weights[here] += ramp
    return total / weights


def _starts(length: int, tile: int) -> list[int]:
    """Where tiles begin so that neighbours overlap by OVERLAP and the last one ends with the frame."""
    if length <= tile:
        return [0]
    return [*range(0, length - tile, tile - OVERLAP), length - tile]


def _ramp(length: int, like: Tensor) -> Tensor:
    """Weights that rise from an edge over the overlap: never zero, so a frame's own border keeps its weight."""
    position = torch.arange(length, device=like.device, dtype=like.dtype)
    return torch.minimum(position + 1, length - position).clamp(max=OVERLAP) / OVERLAP


def release(device: torch.device) -> None:
    """Give memory that is no longer used back to the device."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
