"""How a live session does: pictures that come, leave and are dropped, and how long one takes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

import numpy as np

__all__ = ["Meter"]

WINDOW = 5.0
"""Seconds that rates and latencies are told of."""
KEPT = 1000
"""Frames that are looked back at, at most."""


class Meter:
    """Counts of a session; for one thread. clock: seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since = clock()
        self._came: deque[float] = deque(maxlen=KEPT)
        self._left: deque[tuple[float, float]] = deque(maxlen=KEPT)
        self.frames_in = self.frames_out = self.drops = 0

    def came(self) -> None:
        self.frames_in += 1
        self._came.append(self._clock())

    def left(self, latency: float) -> None:
        """latency: seconds since it came."""
        self.frames_out += 1
        self._left.append((self._clock(), latency))

    def dropped(self) -> None:
        self.drops += 1

    def told(self) -> dict[str, float | int | None]:
        """Frames a second over the last seconds, counts since the beginning, milliseconds (None before the first)."""
        now = self._clock()
        began = now - WINDOW
        while self._came and self._came[0] < began:
            self._came.popleft()
        while self._left and self._left[0][0] < began:
            self._left.popleft()
        seconds = max(min(WINDOW, now - self._since), 1e-3)
        waits = [1000 * latency for _, latency in self._left]
        p50, p95 = (round(float(at), 1) for at in np.percentile(waits, (50, 95))) if waits else (None, None)
        return {
            "fps_in": round(len(self._came) / seconds, 1),
            "fps_out": round(len(self._left) / seconds, 1),
            "frames_in": self.frames_in,
            "frames_out": self.frames_out,
            "drops": self.drops,
            "latency_p50": p50,
            "latency_p95": p95,
        }
