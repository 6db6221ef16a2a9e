"""Clocks: every frame gets a presentation time, later than the one before, changed only where the file is broken."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from vidstyle.frames import Stamp
from vidstyle.media.notes import Note

__all__ = ["DEFAULT_RATE", "FrameClock", "PacketClock", "first_tick", "ticks"]

DEFAULT_RATE = Fraction(25)
FAR = 10**11
"""Seconds from zero, three thousand years, beyond which a time stamp is damaged: encoders cannot count so far."""


def ticks(seconds: Fraction, time_base: Fraction) -> int:
    """Seconds as the nearest count of `time_base`."""
    return round(seconds / time_base)


def first_tick(seconds: Fraction, time_base: Fraction) -> int:
    """The first count of `time_base` that is not before `seconds`."""
    return ceil(seconds / time_base)


class FrameClock:
    """Stamps the frames of one stream in display order."""

    def __init__(self, time_base: Fraction, rate: Fraction | None, note: Note) -> None:
        self.time_base = time_base
        self._step = max(1, ticks(1 / (rate or DEFAULT_RATE), time_base))
        self._rate_known = rate is not None
        self._note = note
        self._shift = 0
        self._last: Stamp | None = None
        self._count = 0

    def stamp(self, pts: int | None, duration: int) -> Stamp:
        """The next frame's stamp; `pts` None where the file has none, `duration` 0 where it has none."""
        last = self._last
        if pts is not None and abs(pts) * self.time_base > FAR:
            pts = None
        if duration <= 0 and self._rate_known:
            duration = self._step
        if pts is None:
            pts = 0 if last is None else last.pts + (last.duration or self._step)
            self._note("frames without time stamps: times were made from the frame rate")
        else:
            pts += self._shift
            if last is not None and pts <= last.pts:
                pts = self._mend(pts, last)
        self._last = Stamp(self._count, pts, duration, self.time_base)
        self._count += 1
        return self._last

    def _mend(self, pts: int, last: Stamp) -> int:
        if (last.pts - pts) * self.time_base > 1:  # the clock started anew, as in joined recordings
            self._shift += last.pts + (last.duration or self._step) - pts
            self._note("the clock jumps back in mid-stream: later frames follow on")
            return last.pts + (last.duration or self._step)
        self._note("frames stamped before the one ahead of them are moved to just after it")
        return last.pts + 1


class PacketClock:
    """Keeps the decoding times of one copied stream in order; `mend` gives the shift for a packet's times."""

    def __init__(self, time_base: Fraction, strict: bool) -> None:
        self._time_base = time_base
        self._strict = strict
        self._last: int | None = None
        self._shift = 0

    def mend(self, dts: int) -> int:
        dts += self._shift
        shift = self._shift
        if self._last is not None and dts < self._last + self._strict:
            missing = self._last + self._strict - dts
            if missing * self._time_base > 1:
                self._shift += missing
            shift += missing
            dts += missing
        self._last = dts
        return shift
