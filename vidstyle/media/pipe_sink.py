"""Clips into a pipe: every frame is on its way when `write` returns, as far as its format allows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

import av
import cv2
from av.codec import CodecContext
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext

from vidstyle.frames import Frame
from vidstyle.media.clip_sink import ClipSink
from vidstyle.media.colour import ColourWriter, written_color
from vidstyle.media.encoders import DEFAULT_SETTINGS, EncoderSettings
from vidstyle.media.formats import Container, container_for
from vidstyle.media.notes import Note, Notes
from vidstyle.media.pipe_ends import CHUNK, PipeOut
from vidstyle.media.pipe_source import PipeSource
from vidstyle.media.sink import Sink
from vidstyle.media.stamps import DEFAULT_RATE
from vidstyle.staging import StagedFile, output_error

__all__ = ["open_pipe"]


def open_pipe(
    pipe: PipeOut,
    source: PipeSource,
    *,
    size: tuple[int, int] | None = None,
    encoder: EncoderSettings = DEFAULT_SETTINGS,
    note: Note | None = None,
) -> Sink:
    """A sink of the source's own format; `size` as for any sink. `encoder` is for NUT; uncompressed by default."""
    if source.kind.format == "nut":
        return NutSink(pipe, source, size, encoder, note)
    return PlanesSink(pipe, source, size or source.info.size, note)


class NutSink(ClipSink):
    """NUT with the source's other streams."""

    def __init__(
        self,
        pipe: PipeOut,
        source: PipeSource,
        size: tuple[int, int] | None,
        encoder: EncoderSettings,
        note: Note | None,
    ) -> None:
        self._pipe = pipe
        settings = replace(encoder, codec=encoder.codec or "rawvideo")
        super().__init__(pipe.path, container_for(Path("x.nut")), source, size=size, encoder=settings, note=note)
        color = source.info.color
        if settings.codec == "rawvideo" and (color.matrix, color.primaries, color.transfer) != (2, 2, 2):
            self.notes("uncompressed video in NUT has no colour tags; --codec h264 or h265 keeps them")

    def _stage(self, path: Path, overwrite: bool) -> StagedFile | PipeOut:
        return self._pipe

    def _begin(self, container: Container, options: dict[str, str]) -> OutputContainer:
        # An index would grow for ever. Frames wait for the other streams to come to the same time: not for long.
        own = {"write_index": "0", "flush_packets": "1", "max_interleave_delta": "1"}
        return av.open(
            self._pipe,
            "w",
            format=container.format,
            container_options=options | own,
            buffer_size=CHUNK,
            metadata_errors="surrogateescape",
        )

    def write(self, frame: Frame) -> None:
        super().write(frame)
        with self._errors():
            self._copies.mux()  # what came behind the frame lets it go

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            with super()._errors():
                yield
        except Exception:
            self._pipe.check()
            raise


class PlanesSink(Sink):
    """Frames plane by plane, behind the source's own header where it has one."""

    def __init__(self, pipe: PipeOut, source: PipeSource, size: tuple[int, int], note: Note | None) -> None:
        self.notes = Notes(note)
        self.size = size
        info = source.info
        self._pipe = pipe
        self._paint = ColourWriter(info.pix_fmt, written_color(info, info.pix_fmt), info.size[1])
        header = source.kind.header
        self._before = b"FRAME\n" if header else b""
        self._header = _header(header, size, source.deinterlaced) if header else b""
        self._encoder = cast(VideoCodecContext, CodecContext.create("rawvideo", "w"))
        self._encoder.width, self._encoder.height = size
        self._encoder.pix_fmt, self._encoder.time_base = info.pix_fmt, 1 / (info.rate or DEFAULT_RATE)

    def write(self, frame: Frame) -> None:
        picture = self._picture(frame)
        picture.pts = None
        try:
            self._pipe.write(self._header + self._before)
            for packet in self._encoder.encode(picture):
                self._pipe.write(memoryview(packet))
        except OSError as error:
            self._pipe.check()
            raise output_error(self._pipe.path, error) from None
        self._header = b""

    def _picture(self, frame: Frame) -> av.VideoFrame:
        if not frame.painted and frame.size == self.size:
            return self._paint.from_source(frame.source)
        rgb, alpha = frame.rgb, frame.alpha
        if alpha is not None and (alpha.shape[1], alpha.shape[0]) != self.size:  # it was not painted, so not scaled
            alpha = cv2.resize(alpha, self.size, interpolation=cv2.INTER_AREA)
        return self._paint.from_rgb(rgb, alpha)

    def commit(self) -> None:
        """Nothing to do: there is no trailer."""

    def abort(self) -> None:
        """Nothing to do: what was written is gone."""


def _header(header: bytes, size: tuple[int, int], progressive: bool) -> bytes:
    """A yuv4mpeg header of frames of another size, perhaps no longer interlaced; else as it came."""
    new = {b"W": b"W%d" % size[0], b"H": b"H%d" % size[1]} | ({b"I": b"Ip"} if progressive else {})
    first, *tokens = header.split(b" ")
    return b" ".join([first, *(new.get(token[:1], token) for token in tokens)]) + b"\n"
