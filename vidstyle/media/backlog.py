"""A stream that comes faster than it is decoded: how far behind that is, and what to leave out to make up for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum

__all__ = ["Backlog", "Leave"]

LATE, TOO_LATE = 0.4, 1.0
"""Seconds behind from which on pictures are left out that no other picture needs; and everything, up to a key frame."""
IN_TIME = 0.1
"""Seconds behind at which every picture is taken again."""
CAUGHT_UP = 0.03
"""Seconds behind at which nothing more need be skipped."""
LOOK, FALLS = 1.0, 0.1
"""Seconds in which the delay falls by as much at least while there is something to skip: who does not get ahead reads
what comes now."""
LEAP = 5.0
"""Seconds by which a source's clock may advance from one packet to the next; more, and it has begun anew."""
KEYLESS = 15.0
"""Seconds without a key frame after which the next picture has to do."""
WINDOW = 300.0
"""Seconds in which a source's clock hardly goes astray."""


class Leave(Enum):
    """What is to be left out: nothing; what no other picture needs; this; nothing, but what was before is no more."""

    NOTHING = 0
    SOME = 1
    THIS = 2
    BEFORE = 3


class Backlog:
    """For the packets of one stream's pictures, in their order.

    Behind is how much later a packet is read, by its own time, than the earliest of the last minutes. A source that
    itself comes later than it did is taken as it is after a second in which nothing could be made up, and given twice
    the time from then on. paced: its packets are there before their time, and whoever reads waits for that; then the
    first one counts. clock: seconds.
    """

    def __init__(self, paced: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = 0.0
        """How far behind."""
        self._paced, self._clock = paced, clock
        self._leave = Leave.NOTHING
        self._before: float | None = None
        self._earliest: list[float] = []  # in the window before this one, and in this
        self._turned = self._since = 0.0
        self._looked, self._drained = (0.0, 0.0), False
        self._limit, self._keys = TOO_LATE, 0

    def judge(self, seconds: float | None, key: bool) -> Leave:
        """What to do with a picture's packet; seconds: on the source's clock, None where that is unknown."""
        now = self._clock()
        self._keys += key
        if seconds is not None:
            self._measure(now, seconds)
        if self._leave is Leave.THIS:
            if now - self._looked[0] > LOOK and seconds is not None:
                if self.seconds > max(CAUGHT_UP, self._looked[1] - FALLS):
                    self._begin(now, now - seconds)
                    self._limit *= 2
                self._looked = now, self.seconds
            self._drained |= self.seconds <= CAUGHT_UP
            if not (key and self._drained) and now - self._since < KEYLESS:
                return Leave.THIS
            self._leave = Leave.NOTHING
            return Leave.BEFORE
        # Where no key frame ever came again there is nothing to skip to.
        if self.seconds > self._limit and self._keys > 1:
            self._leave, self._since, self._looked, self._drained = Leave.THIS, now, (now, self.seconds), False
        elif self.seconds > LATE:
            self._leave = Leave.SOME
        elif self.seconds < IN_TIME:
            self._leave = Leave.NOTHING
        return self._leave

    def _measure(self, now: float, seconds: float) -> None:
        late = now - seconds
        if self._before is None or not 0 <= seconds - self._before <= LEAP:
            self._begin(now, late)
        elif not self._paced:
            if now - self._turned > WINDOW:
                self._earliest, self._turned, self._limit = [self._earliest[-1], late], now, TOO_LATE
            self._earliest[-1] = min(self._earliest[-1], late)
        self._before, self.seconds = seconds, late - min(self._earliest)

    def _begin(self, now: float, late: float) -> None:
        """From here on so late is in time."""
        self._earliest, self._turned, self.seconds = [late], now, 0.0
