"""Lists of frames in, the same frames painted out: one style, or several, each in a region of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vidstyle.frames import Batch, Frame
from vidstyle.scaling import SMALLEST_SIDE, fit, resize
from vidstyle.stylizers import Painter, StyleCode

from .convert import upload
from .masks import Mask
from .offline import Paint
from .walk import Walk

__all__ = ["Layer", "painting"]


@dataclass
class Layer:
    """A style and where it acts; everywhere without a mask. memory: the clip's, as `Painter.remember` gave it."""

    code: StyleCode | Walk
    memory: Any
    mask: Mask | None = None

    def at(self, seconds: float) -> StyleCode:
        """The style after so many seconds of painting."""
        return self.code.at(seconds) if isinstance(self.code, Walk) else self.code


@dataclass(frozen=True)
class Waiting:
    """A frame whose painting is not finished. Where there are regions: its pixels (1, 3, H, W), masks (1, 1, H, W)."""

    frame: Frame
    content: Tensor | None
    masks: list[Tensor | None]


def painting(painter: Painter, layers: list[Layer], max_side: int | None) -> Paint:
    """What paints: the first layer lies on top; where none acts, the frame stays."""
    masked = any(layer.mask for layer in layers)

    def paint(batches: Iterator[list[Frame]]) -> Iterator[Batch]:
        # Frames whose paintings the memories still hold, all of one size and depth.
        waiting: deque[Waiting] = deque()

        def finished(painted: list[Tensor], size: tuple[int, int]) -> Batch:
            done = [waiting.popleft() for _ in range(len(painted[0]))]
            whole = painted[0]
            if masked:
                singles = zip(*(pictures.split(1) for pictures in painted), strict=True)
                whole = torch.cat([_joined(each, pictures) for each, pictures in zip(done, singles, strict=True)])
            return Batch(resize(whole, size), [each.frame for each in done])

        def rest(size: tuple[int, int]) -> Batch:
            return finished([torch.cat(painter.finish(layer.memory)) for layer in layers], size)

        size, began = (0, 0), None
        for frames in batches:
            now = frames[0].stamp.seconds
            began = now if began is None else began
            before, size = size, fit(frames[0].size, max_side)
            if waiting and (size != before or frames[0].rgb.dtype != waiting[0].frame.rgb.dtype):
                yield rest(before)
            inside = max(size[0], SMALLEST_SIDE), max(size[1], SMALLEST_SIDE)
            pixels = upload(frames, painter.device, inside).pixels
            for frame, content in zip(frames, pixels.split(1), strict=True):
                masks = [layer.mask(content, frame.stamp.seconds) if layer.mask else None for layer in layers]
                waiting.append(Waiting(frame, content if masked else None, masks))
            index = frames[0].stamp.index
            painted = [painter(pixels, layer.at(float(now - began)), layer.memory, index) for layer in layers]
            if len(painted[0]):
                yield finished(painted, size)
        if waiting:
            yield rest(size)

    return paint


def _joined(waiting: Waiting, painted: tuple[Tensor, ...]) -> Tensor:
    """The layers' paintings of one frame, each where its mask says."""
    assert waiting.content is not None
    whole = waiting.content
    for picture, mask in reversed(list(zip(painted, waiting.masks, strict=True))):
        whole = picture if mask is None else torch.lerp(whole, picture, mask)
    return whole
