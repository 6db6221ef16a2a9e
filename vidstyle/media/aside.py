"""Packets put aside: what the reader passes on to whoever copies it, within the cut.

Two threads and one rule. The reading thread puts packets here; the writing thread takes them (through the sink). The
reader **never waits** for the writer: there is no bound here, and what bounds the packets is that they are only read
when the next frame is asked for. So frames in flight (the pipeline's bounded queues) bound the packets in flight to
what the file interleaves beside them, and no order of waiting can deadlock. Packets of streams that nobody asked to
keep are dropped as they are read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction

import av
from av.stream import Disposition

from vidstyle.media.notes import Note
from vidstyle.media.stamps import ticks

__all__ = ["Aside"]


class Aside:
    """A queue of packets; `low` and `high` are the cut that it keeps to: seconds on the file's clock, None for open."""

    def __init__(self, note: Note) -> None:
        self.sound: dict[int, Fraction | None] = {}
        """How far each audio stream has been read, in seconds; None for not at all."""
        self.low: Fraction | None = None
        self.high: Fraction | None = None
        self._note = note
        self._packets: deque[av.Packet] = deque()
        self._kept: set[int] | None = None  # None: not decided yet, keep all
        self._begun: set[int] = set()  # copied video streams that have had their first key frame

    @property
    def decided(self) -> bool:
        return self._kept is not None

    def keep(self, indices: Iterable[int]) -> None:
        """From now on put aside only the packets of these streams."""
        self._kept = set(indices)
        self.sound = {index: at for index, at in self.sound.items() if index in self._kept}
        for _ in range(len(self._packets)):
            packet = self._packets.popleft()
            if packet.stream_index in self._kept:
                self._packets.append(packet)

    def put(self, packet: av.Packet) -> None:
        if self._kept is not None and packet.stream_index not in self._kept:
            return
        if packet.stream_index in self.sound and packet.dts is not None and packet.time_base is not None:
            self.sound[packet.stream_index] = packet.dts * packet.time_base
        self._packets.append(packet)

    def peek(self, index: int) -> list[av.Packet]:
        """The packets of one stream that were put aside and not taken yet."""
        return [p for p in list(self._packets) if p.stream_index == index]

    def take(self) -> Iterator[av.Packet]:
        """The packets put aside so far, in file order, within the cut; safe beside a thread that puts."""
        while self._packets:
            packet = self._packets.popleft()
            if self._in_cut(packet):
                yield packet

    def clear(self) -> None:
        self._packets.clear()

    def sound_reaches(self, seconds: Fraction) -> bool:
        """Whether every audio stream that is kept has been read up to there."""
        return all(at is not None and at >= seconds for at in self.sound.values())

    def _in_cut(self, packet: av.Packet) -> bool:
        """Whether a packet belongs to the cut; subtitles that reach over its edges are shortened."""
        if self.low is None and self.high is None:
            return True
        if packet.stream.disposition & Disposition.attached_pic:  # a cover, which has no time
            return True
        at = packet.pts if packet.pts is not None else packet.dts
        clock = packet.time_base
        if at is None or clock is None:
            return False
        low = None if self.low is None else ticks(self.low, clock)
        high = None if self.high is None else ticks(self.high, clock)
        if packet.stream.type == "subtitle":
            return _shorten(packet, at, low, high)
        if packet.stream.type == "video" and packet.stream_index not in self._begun and not packet.is_keyframe:
            self._note(f"video stream {packet.stream_index} is copied from its first key frame in the cut on")
            return False
        inside = (low is None or at >= low) and (high is None or at < high)
        if inside:
            self._begun.add(packet.stream_index)
        return inside


def _shorten(packet: av.Packet, at: int, low: int | None, high: int | None) -> bool:
    duration = packet.duration or 0
    begin = at if low is None else max(at, low)
    end = at + duration if high is None else min(at + duration, high)
    if end < begin or (high is not None and begin >= high) or (duration and end == begin):
        return False
    packet.pts = packet.dts = begin
    packet.duration = end - begin
    return True
