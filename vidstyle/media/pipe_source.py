"""Clips that come through a pipe: read once, without seeking, each frame handed on as soon as it is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

import av
from av.container import InputContainer

from vidstyle.errors import InputError
from vidstyle.frames import MAX_PIXELS, ColorSpec
from vidstyle.media.clip_source import READ_ERRORS, ClipSource
from vidstyle.media.containers import check_pixels, reason
from vidstyle.media.notes import Note
from vidstyle.media.pipe_ends import CHUNK, PipeIn
from vidstyle.media.pipe_formats import PipeFormat

__all__ = ["PipeSource"]

NUT_BETWEEN_FRAMES = (b"NX", b"NM", b"NS", b"NI")
"""How NUT's index and headers begin, which may follow the last frame."""
ELIDED = (0, 2, 3, 4)
"""Bytes at the start of a packet that FFmpeg leaves out of NUT, such as those that MPEG's audio begins with; they count
in the size of the packet."""


class PipeSource(ClipSource):
    """A clip from a pipe; `kind` says what it is.

    matrix (code point of H.273) and full_range are for frames that do not say it themselves.

    `fault`: once it is read, what was wrong with its end, or None.
    """

    THREADS: ClassVar[str] = "SLICE"

    def __init__(
        self,
        pipe: PipeIn,
        kind: PipeFormat,
        *,
        max_pixels: int = MAX_PIXELS,
        matrix: int = 2,
        full_range: bool = False,
        deinterlace: bool = False,
        note: Note | None = None,
    ) -> None:
        self.pipe, self.kind = pipe, kind
        self._matrix, self._full_range = matrix, full_range
        self.fault: str | None = None
        self.deinterlaced = deinterlace
        self._reached = 0  # of the last packet
        try:
            super().__init__(Path(pipe.name), max_pixels=max_pixels, deinterlace=deinterlace, note=note)
        except InputError:
            pipe.check()
            raise
        if kind.format == "rawvideo":
            self.info = replace(self.info, rate=Fraction(kind.options["framerate"]))
        self.info = replace(self.info, frames=None, duration=None)

    def _open(self, max_pixels: int, hwaccel: str | None) -> InputContainer:
        if self.kind.size is not None:  # FFmpeg does not tell that a size is beyond its own limit
            check_pixels(self.pipe.name, *self.kind.size, max_pixels)
        options = {
            **self.kind.options,
            "max_pixels": str(min(max(max_pixels, MAX_PIXELS), 2**31 - 1)),
            "max_streams": "100",
            "fflags": "-genpts",
            # Next to nothing is read ahead: the headers of these formats tell what there is to know.
            "fpsprobesize": "0",
            "probesize": "32",
        }
        try:
            return av.open(
                self.pipe,
                "r",
                format=self.kind.format,
                options=options,
                buffer_size=CHUNK,
                metadata_errors="surrogateescape",
            )
        except (av.FFmpegError, OSError, ValueError) as error:
            self.pipe.check()
            raise InputError(f"{self.pipe.name} cannot be read as {self.kind.name}: {reason(error)}") from None

    def _color(self, frame: av.VideoFrame) -> ColorSpec:
        color = super()._color(frame)
        if frame.format.is_rgb:
            return color
        full = self._full_range and not frame.color_range
        return replace(
            color,
            full_range=color.full_range or full,
            matrix=self._matrix if color.matrix == 2 else color.matrix,
        )

    def _packets(self) -> Iterator[av.Packet | None]:
        errors, cut_off = 0, False
        while True:
            try:
                for packet in self.container.demux():
                    if packet.dts is None and packet.pts is None and not packet.size:
                        continue  # PyAV's own end-of-stream mark
                    end = self._reached if packet.pos is None else packet.pos + packet.size
                    if self.pipe.ended and end >= self.pipe.total:
                        cut_off = True  # the end was met in search of the rest of it
                        continue
                    errors, self._reached = 0, max(self._reached, end)
                    if packet.stream_index == self.video.index:
                        yield packet
                    else:
                        self.aside.put(packet)
                break
            except av.FFmpegError as error:
                self.pipe.check()
                errors += 1
                if self.pipe.ended:
                    break
                if not self.kind.resynchronizes or errors > READ_ERRORS:
                    self.fault = f"is damaged ({reason(error)})"
                    break
                self.notes(f"the stream is damaged ({reason(error)}): what can be read is used")
        if self.fault is None and (cut_off or self._cut_off()):
            self.fault = "ends in the middle of a frame"
        yield None

    def _cut_off(self) -> bool:
        """Whether more came than whole frames."""
        rest = self.pipe.since(self._reached)
        if not self.kind.resynchronizes:
            return rest != b""
        ends = (self.pipe.since(self._reached - elided) or b"" for elided in ELIDED)
        return bool(rest) and not any(end.startswith(NUT_BETWEEN_FRAMES) for end in ends)
