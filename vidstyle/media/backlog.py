"""A stream that comes faster than it is decoded: how far behind that is, and what to leave out to make up for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from enum import Enum
from typing import TypeVar

__all__ = ["Backlog", "Leave"]

LATE, TOO_LATE = 0.4, 1.0
"""Seconds behind from which on pictures are left out that no other picture needs; and everything, up to a key frame."""
IN_TIME = 0.1
"""Seconds behind at which every picture is taken again."""
WAIT = 0.005
"""Seconds that a packet takes at most to be read when it is there already."""
DRAINED = 0.1
"""Seconds of waiting, while everything is left out, after which what came is now."""
LEAP = 5.0
"""Seconds by which a source's clock may advance from one packet to the next; more, and it has begun anew."""
KEYLESS = 15.0
"""Seconds without a key frame after which the next picture has to do."""

T = TypeVar("T")


class Leave(Enum):
    """What is to be left out: nothing; what no other picture needs; this; nothing, but what was before is no more."""

    NOTHING = 0
    SOME = 1
    THIS = 2
    BEFORE = 3


class Backlog:
    """For one stream, whose packets are read by `next` and those of its pictures judged by `judge`, in their order.

    Behind is what reading and decoding take, waiting for packets left out, more than the source's clock advances. So a
    source whose own clock is slow, or that pauses, does not count as one that is too fast. paced: its packets are there
    before their time, and whoever reads waits for that; then waiting for packets counts as well. clock: seconds.
    """

    def __init__(self, paced: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = 0.0
        """How far behind; less than nothing where it is paced and ahead."""
        self._paced, self._clock = paced, clock
        self._leave = Leave.NOTHING
        self._at: float | None = None
        self._before: float | None = None
        self._waiting = self._waited = self._since = self._least = 0.0
        self._keys = 0

    def next(self, packets: Iterator[T]) -> T | None:
        """The next packet; None at the end."""
        asked = self._clock()
        packet = next(packets, None)
        took = self._clock() - asked
        if took > WAIT:
            self._waiting += took
        return packet

    def judge(self, seconds: float | None, key: bool) -> Leave:
        """What to do with a picture's packet; seconds: on the source's clock, None where that is unknown."""
        now = self._clock()
        self._keys += key
        if self._at is not None and self._before is not None and seconds is not None:
            advance = seconds - self._before
            if 0 <= advance <= LEAP:
                self.seconds += now - self._at - advance - (0.0 if self._paced else self._waiting)
                if not (self._paced and self._leave is Leave.THIS):
                    self.seconds = max(self._least, self.seconds)
                if self.seconds >= 0:
                    self._least = 0.0
        self._waited += self._waiting
        self._at, self._before, self._waiting = now, seconds, 0.0
        if self._leave is Leave.THIS:
            drained = self.seconds <= 0 and (self._paced or self._waited >= DRAINED)
            # Of a playlist's last piece no more is there: then that is now.
            drained |= self._paced and self._waited > TOO_LATE
            if not (key and drained) and now - self._since < KEYLESS:
                return Leave.THIS
            # A paced source is ahead of its time now, and will wait for it.
            self.seconds = self._least = min(0.0, self.seconds)
            self._leave = Leave.NOTHING
            return Leave.BEFORE
        # Where no key frame ever came again there is nothing to skip to.
        if self.seconds > TOO_LATE and self._keys > 1:
            self._leave, self._since, self._waited = Leave.THIS, now, 0.0
        elif self.seconds > LATE:
            self._leave = Leave.SOME
        elif self.seconds < IN_TIME:
            self._leave = Leave.NOTHING
        return self._leave
