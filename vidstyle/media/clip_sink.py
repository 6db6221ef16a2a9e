"""Clips, out: encodes the frames and copies every other stream beside them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path

import av
import av.format
import cv2
import numpy as np
from av.codec import Codec, CodecContext
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from vidstyle.errors import OutputError
from vidstyle.frames import Frame
from vidstyle.media.clip_source import ClipSource
from vidstyle.media.colour import ColourWriter, has_alpha, written_color
from vidstyle.media.containers import reason
from vidstyle.media.copies import Copies
from vidstyle.media.display import turned, turns_of
from vidstyle.media.encoders import (
    DEFAULT_SETTINGS,
    EncoderSettings,
    choose_codec,
    choose_pix_fmt,
    counts_frames,
    encoder_options,
    find_codec,
    open_encoder,
)
from vidstyle.media.ffmpeg_log import heard
from vidstyle.media.formats import Container
from vidstyle.media.notes import Note, Notes
from vidstyle.media.palette import Palette
from vidstyle.media.pipe_ends import PipeOut
from vidstyle.media.sidedata import CAPTIONS, ON_STREAM, hdr_params, side_data
from vidstyle.media.sink import Sink
from vidstyle.media.source import Source
from vidstyle.media.stamps import DEFAULT_RATE
from vidstyle.staging import StagedFile, output_error

__all__ = ["ClipSink"]

HDR_IN_STREAM = ("libx264", "libx265", "libsvtav1")


class ClipSink(Sink):
    """One media file. Not for two threads at once; see `clip_source` for the rule between reader and writer."""

    def __init__(
        self,
        path: Path,
        container: Container,
        source: Source,
        *,
        size: tuple[int, int] | None = None,
        encoder: EncoderSettings = DEFAULT_SETTINGS,
        overwrite: bool = True,
        note: Note | None = None,
    ) -> None:
        self.notes = Notes(note)
        info = source.info
        self._info = info
        self._turns = turns_of(None if container.display_matrix else info.display_matrix)
        if info.display_matrix and not container.display_matrix:
            self.notes(f"{container.name} cannot hold a rotation: the frames themselves are turned")
        self.size = self._upright(size or info.size)
        codec = find_codec(choose_codec(encoder, container.format, info))
        if info.sar != 1 and not container.keeps_shape(codec.canonical_name):
            self.notes(
                f"{container.name} loses the pixel aspect ratio {info.sar} of {codec.name}; MP4 or QuickTime keep it"
            )
        tags = source.tags(0)
        if str(tags):
            self.notes(f"{tags} of the pictures left out: clips are written without")
        pix_fmt = choose_pix_fmt(codec, encoder, info, self.size, self.notes)
        self._color = written_color(info, pix_fmt)
        self._paint = ColourWriter(pix_fmt, self._color, info.size[1])
        self._palette = Palette(has_alpha(av.VideoFormat(info.pix_fmt, 2, 2))) if pix_fmt == "pal8" else None
        self._staged = self._stage(path, overwrite)
        self._container: OutputContainer | None = None
        self._first_pts: int | None = None
        self._last_pts: int | None = None
        try:
            with self._errors():
                self._open(container, source, codec, pix_fmt, encoder)
        except BaseException:
            self.abort()
            raise

    def _stage(self, path: Path, overwrite: bool) -> StagedFile | PipeOut:
        """Where the result goes until it is complete."""
        return StagedFile(path, overwrite)

    def _begin(self, container: Container, options: dict[str, str]) -> OutputContainer:
        return av.open(
            f"file:{self._staged.path}",
            "w",
            format=container.format,
            container_options=options,
            metadata_errors="surrogateescape",
        )

    def _open(
        self, container: Container, source: Source, codec: Codec, pix_fmt: str, settings: EncoderSettings
    ) -> None:
        info = self._info
        copies = Copies(source, container, self.notes)
        options = container.options_for([info.time_base, *copies.time_bases])
        self._container = out = self._begin(container, options)
        rate = info.rate or DEFAULT_RATE
        steady = container.fixed_rate or counts_frames(codec)
        self._time_base = container.time_base or (1 / rate if steady else info.time_base)
        try:
            self._stream, self._encoder = self._add_stream(out, source, codec, rate)
        except ValueError:
            raise OutputError(f"{container.name} cannot hold {codec.name}; choose another codec or container") from None
        self._configure(self._encoder, container, pix_fmt, rate)
        params = hdr_params(codec.name, info.light)
        self._encoder.options = encoder_options(self._encoder, settings, pix_fmt, params)
        open_encoder(self._encoder)
        self._encoder.options = {}
        if self._stream.codec_context is not self._encoder:
            self._configure(self._stream.codec_context, container, pix_fmt, rate)
            self._stream.codec_context.extradata = self._encoder.extradata
        if info.display_matrix and container.display_matrix:
            self._stream.set_display_matrix(info.display_matrix)
        copies.add_to(out, self._stream)
        self._copies = copies
        said: list[str] = []
        try:
            with heard(said):
                out.start_encoding()
        except (av.error.ArgumentError, av.error.InvalidDataError, av.error.PatchWelcomeError) as error:
            why = said[0] if said else reason(error)
            raise OutputError(f"{container.name} cannot hold this clip ({why}); choose another container") from None
        self._name = codec.name if counts_frames(codec) and not container.fixed_rate else container.name

    def _add_stream(
        self, out: OutputContainer, source: Source, codec: Codec, rate: Fraction
    ) -> tuple[VideoStream, VideoCodecContext]:
        """The video stream and its encoder.

        PyAV cannot write a stream's side data, only copy a whole stream with it. So where the codec stays the same and
        there is such data, the stream is a copy of the input's, and the encoder stands beside it.
        """
        kinds = self._info.side_data & set(ON_STREAM)
        dolby = {k for k in self._info.side_data if k.startswith("DOVI")}
        if dolby:
            self.notes("Dolby Vision is left out: it describes the unpainted picture")
        if not kinds:
            pass
        elif isinstance(source, ClipSource) and codec.canonical_name == self._info.codec and not dolby:
            encoder = CodecContext.create(codec, "w")
            assert isinstance(encoder, VideoCodecContext)
            if av.format.Flags.global_header in av.format.Flags(out.format.flags):
                encoder.flags |= Flags.global_header
            twin = out.add_stream_from_template(source.video, opaque=True)
            assert isinstance(twin, VideoStream)
            twin.time_base = self._time_base
            return twin, encoder
        else:
            lost = kinds - (
                {"MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL"} if codec.name in HDR_IN_STREAM else set()
            )
            if lost:
                words = ", ".join(sorted(ON_STREAM[kind] for kind in lost))
                self.notes(f"{words} is left out; --codec {self._info.codec} would keep it")
        stream = out.add_stream(codec.name, rate=rate)
        assert isinstance(stream, VideoStream)
        stream.time_base = self._time_base
        return stream, stream.codec_context

    def _configure(self, context: VideoCodecContext, container: Container, pix_fmt: str, rate: Fraction) -> None:
        info = self._info
        if context.is_encoder:
            context.time_base = self._time_base
        context.framerate = rate
        context.width, context.height = self.size
        context.pix_fmt = pix_fmt
        context.sample_aspect_ratio = 1 / info.sar if self._turns[0] % 2 else info.sar
        context.color_range = 0 if not info.range_tagged else 2 if self._color.full_range else 1
        context.colorspace = self._color.matrix
        context.color_primaries = self._color.primaries
        context.color_trc = self._color.transfer
        context.flags |= Flags.frame_duration
        if info.interlaced:
            context.flags |= Flags.interlaced_dct | Flags.interlaced_me
        if container.no_reordering:
            context.max_b_frames = 0

    # --- writing ---

    def write(self, frame: Frame) -> None:
        assert self._container is not None, "the sink is closed"
        picture = self._picture(frame)
        stamp = frame.stamp
        for clock in (self._time_base, self._stream.time_base):
            if clock is not None and (stamp.seconds / clock).denominator != 1:
                self.notes(f"{self._name} counts time in steps of {clock} s: frame times are rounded to it")
                break
        pts = round(stamp.seconds / self._time_base)
        if self._last_pts is not None and pts <= self._last_pts:
            self.notes("frames nearer than the container's clock can tell apart are moved one step on")
            pts = self._last_pts + 1
        self._last_pts = pts
        self._first_pts = pts if self._first_pts is None else self._first_pts
        picture.pts, picture.time_base = pts, self._time_base
        picture.duration = round(stamp.duration * stamp.time_base / self._time_base)
        color = self._color  # some encoders (ProRes) take the tags from the picture, not from the stream
        picture.colorspace, picture.color_primaries, picture.color_trc = color.matrix, color.primaries, color.transfer
        picture.pict_type = 0  # the decoder's choice of I, P and B is not the encoder's
        with self._errors():
            self._copies.mux()
            self._mux(self._encoder.encode(picture))

    def _mux(self, packets: list[av.Packet]) -> None:
        assert self._container is not None
        for packet in packets:
            if packet.pts is not None and self._first_pts is not None and self._last_pts is not None:
                # x265 gives the only frame of a clip whatever its memory holds. Reordering delays a picture by no
                # more than the span of what was encoded, counted from before its start.
                span = self._last_pts - self._first_pts
                if packet.dts is None or not 0 <= packet.pts - packet.dts <= 2 * span:
                    packet.dts = packet.pts
            packet.stream = self._stream
            self._container.mux(packet)

    def _picture(self, frame: Frame) -> av.VideoFrame:
        plain = self._turns == (0, False) and frame.size == self.size
        alike = frame.color == self._info.color and not self._crosses_families(frame.source)
        if not frame.painted and plain and self._palette is None and alike:
            return self._paint.from_source(frame.source)
        rgb, alpha = frame.rgb, frame.alpha
        if self._turns != (0, False):
            rgb, alpha = turned(rgb, *self._turns), None if alpha is None else turned(alpha, *self._turns)
        if (rgb.shape[1], rgb.shape[0]) != self.size:
            self.notes(f"pictures differ in size: all are scaled to {self.size[0]}x{self.size[1]}")
            rgb = self._scaled(rgb)
        if alpha is not None and (alpha.shape[1], alpha.shape[0]) != self.size:  # it was not painted, so not scaled
            alpha = self._scaled(alpha)
        if self._palette is not None:
            return self._palette(rgb, alpha)
        return self._with_riders(self._paint.from_rgb(rgb, alpha), frame.source)

    def _scaled(self, pixels: np.ndarray) -> np.ndarray:
        smaller = self.size[0] < pixels.shape[1]
        return cv2.resize(pixels, self.size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)

    def _with_riders(self, picture: av.VideoFrame, source: av.VideoFrame | None) -> av.VideoFrame:
        """The picture with what rode on the decoded one: captions, field order. Only conversions copy it in PyAV."""
        if source is None or not (self._info.interlaced or CAPTIONS in side_data(source, self._info.codec)):
            return picture
        width, height = self.size
        carrier = source.reformat(width=width, height=height, format="rgb24")
        carrier = carrier.reformat(format=picture.format.name)
        for ours, theirs in zip(carrier.planes, picture.planes, strict=True):
            ours.update(bytes(theirs))
        return carrier

    def _crosses_families(self, source: av.VideoFrame | None) -> bool:
        """Whether a picture must go through RGB because one side is RGB (or gray) and the other is not."""
        if source is None:
            return True
        ours, theirs = self._paint.format, source.format
        rgb = ours.is_rgb != (theirs.is_rgb or theirs.has_palette)
        return rgb or (len(ours.components) < 3) != (len(theirs.components) < 3) or theirs.has_palette

    def commit(self) -> None:
        assert self._container is not None, "the sink is closed"
        if self._last_pts is None:
            raise OutputError(f"{self._staged.target} was not written: there were no frames")
        with self._errors():
            self._copies.mux()
            self._mux(self._encoder.encode(None))
            container, self._container = self._container, None
            container.close()
        self._staged.commit()

    def abort(self) -> None:
        if self._container is not None:
            container, self._container = self._container, None
            with suppress(Exception):
                container.close()
        self._staged.discard()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (av.FFmpegError, OSError) as error:
            raise output_error(self._staged.target, error) from None

    def _upright(self, size: tuple[int, int]) -> tuple[int, int]:
        return (size[1], size[0]) if self._turns[0] % 2 else size
