"""One frame of a running clip in, the same frame painted out."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace

import cv2
import numpy as np
import torch
from torch import Tensor

from vidstyle.aside import Aside
from vidstyle.errors import OutOfMemory, VidstyleError
from vidstyle.nets.protocol import blend
from vidstyle.scaling import SMALLEST_SIDE, fit
from vidstyle.stylizers import Stylebook, StyleCode, Stylizer
from vidstyle.stylizers.color import keep_color
from vidstyle.temporal import ClipMemory
from vidstyle.temporal.cuts import load_detector
from vidstyle.temporal.raster import resized

from .controls import Controls
from .fade import Fade
from .pace import Pace

__all__ = ["LivePainter"]

LOST = 15
"""Dropped frames in a row from which on nothing is carried over: by motion, fewer can be bridged."""
CELL, ALIKE = 8, 3
"""Frames are alike where the means of squares of so many pixels differ by no more than so many bytes, all of them."""

Size = tuple[int, int]


class LivePainter:
    """Paints the frames of one clip as its controls say. For one thread; several painters may share a stylizer.

    A style that changes fades in, by time. What takes long, reading a style or compiling for a size, is done beside:
    until then frames are painted as they were, and before anything is ready they come back as they are. adaptive:
    the net paints at a smaller size where else it could not paint `fps` frames in a second, and at a larger one again
    when it can. note receives one-line remarks. clock: seconds, for fades and for how long a frame takes.
    """

    def __init__(
        self,
        stylizer: Stylizer,
        controls: Controls,
        *,
        adaptive: bool = False,
        fps: float = 25.0,
        note: Callable[[str], None] = lambda text: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.stylizer, self.controls = stylizer, controls
        self.painted = self.repeated = self.passed = 0
        """Frames that the net painted, those whose painting was taken from the frame before, and those left as they
        were."""
        self.size: Size | None = None
        """(width, height) at which the net paints now."""
        self._note, self._clock = note, clock
        self._pace = Pace(1 / fps) if adaptive else None
        self._fade = Fade()
        self._book = Stylebook(stylizer)
        self._aside = Aside()
        self._aside.ask(load_detector)
        self._asked_styles: object = None
        self._asked_code: Future[StyleCode] | None = None
        self._code: StyleCode | None = None
        self._asked_size: Size | None = None
        self._asked_ready: Future[None] | None = None
        self._memory: ClipMemory | None = None
        self._level: object = None
        self._seen: np.ndarray | None = None
        self._last: np.ndarray | None = None
        self._shown: object = None

    def close(self) -> None:
        self._aside.close()

    def reset(self) -> None:
        """Forget the clip: what comes next is of another one, or of another place."""
        if self._memory is not None:
            self._memory.reset()
        self._last = None

    def prepare(self, width: int, height: int) -> None:
        """Wait for the style, and until frames of that size can be painted. VidstyleError where they cannot."""
        self._ask_style()
        self._ask_size(self._inside((width, height)))
        for asked in (self._asked_code, self._asked_ready):
            if asked is not None:
                asked.result()
        self._hear()

    @torch.no_grad()
    def __call__(self, rgb: np.ndarray, dropped: int = 0) -> np.ndarray:
        """The next frame (H, W, 3), uint8 -> the same shape, painted; it is not to be changed.

        dropped: frames that were left out between the last one and this.
        """
        now, look = self._clock(), self.controls.look
        self._ask_style()
        self._ask_size(self._inside((rgb.shape[1], rgb.shape[0])))
        self._hear()
        if self._code is None or self.size is None:
            return self._as_it_is(rgb)
        self._fade.aim(self._code.tensors, look.strength, now)
        tensors, strength = self._fade.at(now)
        if strength == 0:
            return self._as_it_is(rgb)
        fading = self._fade.moving(now)
        level = None if fading else (look.temporal, self.size)
        if dropped >= LOST or level != self._level:
            # Of another style nothing must shine through.
            self._memory, self._level = self.stylizer.remember(look.temporal if level else "off"), level
        shown = (self._code, look, self.size)
        seen = _cells(rgb)
        if not fading and shown == self._shown and self._last is not None and _alike(seen, self._seen, rgb, self._last):
            self.repeated += 1
            return self._last
        painted = self._paint(rgb, StyleCode(tensors, strength, look.keep_color))
        self._seen, self._last, self._shown = seen, painted, None if fading else shown
        self.painted += 1
        if self._pace and not fading:
            self._pace.took(self._clock() - now, self._clock())
        return painted

    def _paint(self, rgb: np.ndarray, code: StyleCode) -> np.ndarray:
        stylizer, overlaid = self.stylizer, self.stylizer.overlaid
        assert self.size is not None
        content = _upload(rgb, stylizer.device)
        inside = resized(content, self.size[::-1])
        with stylizer.turn:
            looked = stylizer.look(inside, self._memory)
            painted = stylizer.paint(inside, replace(code, strength=1.0 if overlaid else code.strength)).clamp_(0, 1)
            if self._memory is not None:
                try:
                    painted = stylizer.steadied(looked, painted, self._memory, None)
                except OutOfMemory:
                    self._memory.reset()
                    raise
        painted = resized(painted, (rgb.shape[0], rgb.shape[1]))
        if code.keep_color:
            painted = keep_color(painted, content)
        if overlaid:
            painted = blend(content, painted, code.strength)
        return painted[0].permute(1, 2, 0).clamp(0, 1).mul(255).round_().to(torch.uint8).cpu().contiguous().numpy()

    def _as_it_is(self, rgb: np.ndarray) -> np.ndarray:
        self.reset()
        self.passed += 1
        return rgb

    def _inside(self, size: Size) -> Size:
        """(width, height) at which a frame of that size is to be painted."""
        limit = self.controls.look.max_side
        longer = max(size) if limit is None else min(limit, max(size))
        width, height = fit(size, round(longer * (self._pace.scale if self._pace else 1.0)))
        return max(width, SMALLEST_SIDE), max(height, SMALLEST_SIDE)

    def _ask_style(self) -> None:
        styles = self.controls.look.styles
        if styles != self._asked_styles:
            self._asked_styles = styles
            self._asked_code = self._aside.ask(lambda: self._book.code(styles))
            if self.size is None:
                self._asked_size = None

    def _ask_size(self, size: Size) -> None:
        if size == self._asked_size or (self._asked_ready and not self._asked_ready.done()):
            return
        self._asked_size = size
        self._asked_ready = self._aside.ask(lambda: self._compile(size))

    def _compile(self, size: Size) -> None:
        """Paint nothing, once: compiling for a new size takes a second or more."""
        code = self._book.code(self.controls.look.styles)
        self.stylizer.paint(torch.zeros(1, 3, size[1], size[0], device=self.stylizer.device), code)

    def _hear(self) -> None:
        """Take what was done beside."""
        if self._asked_code is not None and self._asked_code.done():
            asked, self._asked_code = self._asked_code, None
            try:
                self._code = asked.result()
            except VidstyleError as error:
                self._note(str(error))
        if self._asked_ready is not None and self._asked_ready.done():
            asked_ready, self._asked_ready = self._asked_ready, None
            try:
                asked_ready.result()
                self.size = self._asked_size
            except VidstyleError as error:
                self._note(str(error))


def _upload(rgb: np.ndarray, device: torch.device) -> Tensor:
    """(H, W, 3) uint8 -> (1, 3, H, W) float32 in [0, 1], channels last in memory."""
    return torch.from_numpy(rgb).to(device)[None].permute(0, 3, 1, 2).to(torch.float32).div_(255)


def _cells(rgb: np.ndarray) -> np.ndarray:
    """Means of squares of CELL pixels."""
    size = max(1, rgb.shape[1] // CELL), max(1, rgb.shape[0] // CELL)
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)


def _alike(seen: np.ndarray, before: np.ndarray | None, rgb: np.ndarray, last: np.ndarray) -> bool:
    return before is not None and rgb.shape == last.shape and bool(cv2.norm(seen, before, cv2.NORM_INF) <= ALIKE)
