"""Packets to pictures: goes on after damage, and says which pictures the damage took."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import av
from av.video.codeccontext import VideoCodecContext

__all__ = ["Decoder", "Picture"]


@dataclass(slots=True)
class Picture:
    """A decoded picture, or (`frame` None) the place of one that was damaged."""

    frame: av.VideoFrame | None
    pts: int | None
    duration: int


class Decoder:
    """Decodes one stream in display order with the given codec context.

    Not every packet has a picture of its own (hidden frames, field pairs), so a picture counts as lost only where
    the decoder reported an error *and* a packet's time stamp came out of it with no picture.
    """

    def __init__(self, context: VideoCodecContext) -> None:
        self._context = context
        self._durations: dict[int, int] = {}
        self._errors = 0
        self._last: int | None = None

    def restart(self) -> None:
        """Forget everything: the next packet is from another place."""
        self._context.flush_buffers()
        self._durations, self._errors, self._last = {}, 0, None

    def decode(self, packet: av.Packet | None) -> Iterator[Picture]:
        """The pictures that `packet` completes; None at the end flushes."""
        if packet is not None and not packet.size:
            return  # "as before" in Theora and packed MPEG-4; to FFmpeg's decoders an error
        if packet is not None and packet.pts is not None and not packet.is_discard:
            self._durations[packet.pts] = packet.duration or 0
        try:
            frames = self._context.decode(packet)
        except av.FFmpegError:
            self._errors += 1
            frames = []
        for frame in frames:
            yield from self._lost(before=frame.pts)
            yield self._picture(frame)
        if packet is None:
            yield from self._lost(before=None)

    def _picture(self, frame: av.VideoFrame) -> Picture:
        pts = frame.pts if frame.pts is not None else frame.dts
        duration = frame.duration or 0
        first = self._last is None
        if pts is not None:
            duration = duration or self._durations.get(pts, 0)
            self._durations = {p: d for p, d in self._durations.items() if p > pts}
            self._last = pts
        return Picture(None if frame.is_corrupt and not first else frame, pts, duration)

    def _lost(self, before: int | None) -> Iterator[Picture]:
        """Places between the last picture and `before` that errors left empty."""
        if not self._errors or self._last is None:
            return
        holes = sorted(p for p in self._durations if p > self._last and (before is None or p < before))
        for pts in holes[: self._errors]:
            yield Picture(None, pts, self._durations[pts])
        self._errors -= min(self._errors, len(holes))
