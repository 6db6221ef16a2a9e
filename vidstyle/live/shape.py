"""What every frame of a session is brought to."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np

from vidstyle.media import Stream

__all__ = ["Shape"]


@dataclass(frozen=True)
class Shape:
    """size: (width, height), even, as encoders want it. rate: pictures per second, about. sound: is there any."""

    size: tuple[int, int]
    rate: Fraction
    sound: bool

    @classmethod
    def of(cls, stream: Stream) -> Shape:
        width, height = stream.size
        return cls((max(2, width - width % 2), max(2, height - height % 2)), stream.rate, stream.has_sound)

    def fitted(self, rgb: np.ndarray) -> np.ndarray:
        """A picture (h, w, 3) uint8 as one of this size, whole, with black beside it where its form is another."""
        width, height = self.size
        have = rgb.shape[1], rgb.shape[0]
        if have == self.size:
            return rgb
        if 0 <= have[0] - width <= 1 and 0 <= have[1] - height <= 1:
            return np.ascontiguousarray(rgb[:height, :width])
        scale = min(width / have[0], height / have[1])
        inner = max(1, round(have[0] * scale)), max(1, round(have[1] * scale))
        small = cv2.resize(rgb, inner, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        whole = np.zeros((height, width, 3), np.uint8)
        left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
        whole[top : top + inner[1], left : left + inner[0]] = small
        return whole
