"""A picture that moves and a sound, made here: a flash and a beep begin with every second."""

from __future__ import annotations

import re
from collections.abc import Iterator
from colorsys import hsv_to_rgb
from fractions import Fraction

import cv2
import numpy as np

from vidstyle.errors import InputError
from vidstyle.frames import MAX_PIXELS
from vidstyle.media import SOUND_RATE, Picture, Sound, Stream

__all__ = ["TestSource"]

SYNTAX = re.compile(r"test:(?:(\d{1,5})x(\d{1,5}))?(?:@(\d{1,3}))?")
FLASH = 0.1
"""Seconds that flash and beep last."""
HERTZ = 1000
BALLS = 8
"""They go round."""


class TestSource(Stream):
    """`test:`, `test:1280x720` or `test:640x360@25`."""

    __test__ = False
    has_sound = True
    paced = True

    def __init__(self, text: str = "test:", max_pixels: int = MAX_PIXELS) -> None:
        found = SYNTAX.fullmatch(text)
        if found is None:
            raise InputError(f"{text} is no test picture; write test:, test:1280x720 or test:640x360@25")
        width, height, rate = int(found[1] or 640), int(found[2] or 360), int(found[3] or 30)
        if min(width, height) < 16 or width * height > max_pixels or not 1 <= rate <= 240:
            raise InputError(f"{text} is too small, too large or too fast; write for example test:1280x720@30")
        self.size, self.rate = (width, height), Fraction(rate)
        self._ground = self._background()

    def __iter__(self) -> Iterator[Picture | Sound]:
        number, sent = 0, 0
        while True:
            seconds = number / self.rate
            until = round((seconds + 1 / self.rate) * SOUND_RATE)
            yield Sound(self.sound(sent, until - sent), sent / SOUND_RATE)
            yield Picture(self.picture(float(seconds)), float(seconds))
            number, sent = number + 1, until

    def picture(self, seconds: float) -> np.ndarray:
        """(H, W, 3) uint8."""
        width, height = self.size
        shift = int(seconds * width / 20) % width
        picture = np.ascontiguousarray(np.roll(self._ground, shift, axis=1))
        radius = height // 4
        for ball in range(BALLS):
            angle = 2 * np.pi * (seconds / 8 + ball / BALLS)
            at = int(width / 2 + radius * 1.2 * np.cos(angle)), int(height / 2 + radius * np.sin(angle))
            colour = [255 * part for part in hsv_to_rgb(ball / BALLS, 0.8, 1.0)]
            cv2.circle(picture, at, height // 16, colour, -1, cv2.LINE_AA)
        if seconds % 1 < FLASH:
            picture[height * 3 // 8 : height * 5 // 8, width * 7 // 16 : width * 9 // 16] = 255
        return picture

    @staticmethod
    def sound(first: int, count: int) -> np.ndarray:
        """Samples (count, 2) int16 from number `first` on."""
        at = np.arange(first, first + count)
        tone = np.sin(2 * np.pi * HERTZ / SOUND_RATE * at) * (at % SOUND_RATE < FLASH * SOUND_RATE)
        return np.repeat(np.int16(9000 * tone)[:, None], 2, axis=1)

    def _background(self) -> np.ndarray:
        """Hills under a sky, that join at their ends."""
        width, height = self.size
        x, y = np.arange(width) / width, np.arange(height)[:, None] / height
        picture = np.stack(np.broadcast_arrays(120 + 90 * y, 160 + 60 * y, 230 - 30 * y + 0 * x), -1)
        for hills, base, colour in ((2, 0.55, (70, 110, 90)), (3, 0.7, (110, 130, 60)), (5, 0.85, (90, 70, 50))):
            ridge = base + 0.08 * np.sin(2 * np.pi * hills * x) + 0.03 * np.sin(2 * np.pi * (3 * hills + 1) * x)
            picture[y > ridge] = colour
        noise = cv2.GaussianBlur(np.random.default_rng(0).normal(0, 60, (height, width, 1)), (0, 0), 2)
        return (picture + np.atleast_3d(noise)).clip(0, 255).astype(np.uint8)

    def close(self) -> None:
        """Nothing to do."""
