"""At which share of its size the net paints, so that a frame rate is held."""

from __future__ import annotations

from collections import deque
from statistics import median

__all__ = ["SCALES", "Pace"]

SCALES = (1.0, 0.84, 0.71, 0.59, 0.5)
"""Of each side: every step takes about 0.7 of the time of the one before."""
SEEN = 8
"""Frames that are looked at before anything changes."""
EASE = 0.8
"""A larger size is tried when it should take no more than this share of the time there is."""
WAIT = 3.0
"""Seconds from one change to a larger size; twice as long after every one that had to be taken back."""
LONGEST = 60.0


class Pace:
    """Watches how long frames take. budget: seconds that there are for each."""

    def __init__(self, budget: float) -> None:
        self.budget = budget
        self.step = 0
        """Place in SCALES."""
        self._took: deque[float] = deque(maxlen=SEEN)
        self._changed = self._raised = float("-inf")
        self._wait = WAIT

    @property
    def scale(self) -> float:
        return SCALES[self.step]

    def took(self, seconds: float, now: float) -> None:
        """A frame was painted at the present scale."""
        self._took.append(seconds)
        if len(self._took) < SEEN:
            return
        usual = median(self._took)
        if usual > self.budget and self.step < len(SCALES) - 1:
            if now - self._raised < 2 * self._wait:
                self._wait = min(LONGEST, 2 * self._wait)
            self._change(self.step + 1, now)
        elif self.step and now - self._changed >= self._wait:
            larger = SCALES[self.step - 1] / SCALES[self.step]
            if usual * larger**2 < EASE * self.budget:
                self._change(self.step - 1, now)
                self._raised = now

    def _change(self, step: int, now: float) -> None:
        self.step, self._changed = step, now
        self._took.clear()
