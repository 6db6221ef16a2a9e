"""Clips: one demuxer feeds the decoder and hands the other streams' packets to whoever copies them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

import av
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from vidstyle.errors import InputError
from vidstyle.frames import MAX_PIXELS, ColorSpec, Frame
from vidstyle.media.aside import Aside
from vidstyle.media.colour import HD_HEIGHT, ColourReader, color_of, has_alpha, pixel_depth
from vidstyle.media.containers import beyond, check_pixels, open_container, reason
from vidstyle.media.decoder import Decoder, Picture
from vidstyle.media.deinterlace import Deinterlacer
from vidstyle.media.display import display_matrix, rotation_of
from vidstyle.media.notes import Note, Notes
from vidstyle.media.sidedata import hdr_light, side_data
from vidstyle.media.source import Source, SourceInfo
from vidstyle.media.stamps import FrameClock, first_tick, ticks

__all__ = ["ClipSource"]

SEEKS = (0, 1, 4, 16)  # seconds before the start at which to look for a key frame
SOUND_BEHIND = 10  # seconds of pictures after the cut among which its sound may lie
READ_ERRORS = 32  # damaged places in a row before the rest of a file is given up


class ClipSource(Source):
    """A media file; `start` and `end` (seconds) cut it to [start, end), and the cut then begins at time 0."""

    THREADS: ClassVar[str] = "AUTO"
    """How the decoder may use several cores: as FFmpeg thinks best, or within a frame alone (SLICE), without delay."""

    def __init__(
        self,
        path: Path,
        *,
        start: Fraction | None = None,
        end: Fraction | None = None,
        max_pixels: int = MAX_PIXELS,
        deinterlace: bool = True,
        hwaccel: str | None = None,
        note: Note | None = None,
    ) -> None:
        self.notes = Notes(note)
        self._path = path
        self.aside = Aside(self.notes)
        """The packets of the streams that are not decoded."""
        self._damaged = 0
        self._decodable = False
        self._closed = False
        self.container = self._open(max_pixels, hwaccel)
        try:
            self.video = self._choose(max_pixels)
            self._clock = self.video.time_base or Fraction(1, 1000)
            self.aside.sound = dict.fromkeys(s.index for s in self.container.streams.audio)
            self._origin = start_of(self.container, self.video)
            self._start, self._end = start, end
            self.shift = Fraction(0)
            """Seconds taken off every time stamp of the file, copied streams too."""
            self._frames = self._pictures(max_pixels)
            first = next((p for p in self._frames if p.frame is not None), None)
            if first is None or first.frame is None:
                raise InputError(f"{path} has no frames{self._why_none(max_pixels)}")
            self._first: Picture | None = first
            self._look = first.frame
            self.info = self._describe(first.frame, deinterlace)
            if start is not None:
                self.aside.low = self.shift = (first.pts or 0) * self._clock
            if end is not None:
                self.aside.high = self._origin * self._clock + end
            self._deinterlace = deinterlace
        except BaseException:
            self.close()
            raise

    # --- opening ---

    def _open(self, max_pixels: int, hwaccel: str | None) -> InputContainer:
        return open_container(self._path, max_pixels=max_pixels, hwaccel=hwaccel, note=self.notes)

    def _choose(self, max_pixels: int) -> VideoStream:
        pictures = [s for s in self.container.streams.video if not s.disposition & Disposition.attached_pic]
        best = self.container.streams.best("video")
        stream = best if best in pictures else next(iter(pictures), None)
        if stream is None and self.container.streams.video:
            raise InputError(f"{self._path} has a cover picture but no video")
        if stream is None:
            kinds = ", ".join(sorted({s.type for s in self.container.streams})) or "nothing"
            raise InputError(f"{self._path} has no video, only {kinds}")
        assert isinstance(stream, VideoStream)
        if stream.codec_context is None:
            raise InputError(f"{self._path} is coded in a way that this build of FFmpeg cannot decode")
        check_pixels(self._path, stream.codec_context.width, stream.codec_context.height, max_pixels)
        return stream

    def _why_none(self, max_pixels: int) -> str:
        if self._decodable:
            return " in the part asked for"
        if not self.video.codec_context.width:
            return f" that can be decoded: it is damaged, or {beyond(max_pixels)}"
        return " that can be decoded"

    def _describe(self, frame: av.VideoFrame, deinterlace: bool) -> SourceInfo:
        stream, context = self.video, self.video.codec_context
        color = self._color(frame)
        rate = stream.average_rate or stream.guessed_rate
        time_base = self._clock
        if color.matrix == 2 and not (frame.format.is_rgb or frame.format.has_palette):
            name = "BT.709 (720 lines or more)" if frame.height >= HD_HEIGHT else "BT.601 (under 720 lines)"
            self.notes(f"the colour matrix is not tagged: read as {name}")
        seconds = stream.duration * time_base if stream.duration else None
        if seconds is None and self.container.duration:
            seconds = Fraction(self.container.duration, av.time_base)
        span = seconds
        if span is not None and (self._start is not None or self._end is not None):
            span = max(min(self._end or span, span) - (self._start or 0), Fraction(0))
        whole = span is seconds
        frames = stream.frames if stream.frames and whole else round(span * rate) if span and rate else None
        codec = context.codec.canonical_name
        matrix = display_matrix(frame, codec)
        return SourceInfo(
            path=str(self._path),
            size=(frame.width, frame.height),
            time_base=time_base,
            rate=rate,
            frames=frames,
            duration=span,
            color=color,
            depth=pixel_depth(frame.format),
            has_alpha=has_alpha(frame.format),
            pix_fmt=frame.format.name,
            codec=codec,
            sar=stream.sample_aspect_ratio or Fraction(1),
            display_matrix=matrix,
            rotation=rotation_of(matrix),
            interlaced=frame.interlaced_frame and not deinterlace,
            color_is_rgb=frame.format.is_rgb or frame.format.has_palette,
            range_tagged=bool(frame.color_range or context.color_range) or frame.format.name.startswith("yuvj"),
            side_data=frozenset(side_data(frame, codec)),
            light=hdr_light(frame, codec),
        )

    def _color(self, frame: av.VideoFrame) -> ColorSpec:
        return color_of(frame, self.video.codec_context)

    # --- reading ---

    def __iter__(self) -> Iterator[Frame]:
        if not self.aside.decided:  # nobody copies
            self.aside.keep(())
        info = self.info
        clock = FrameClock(info.time_base, info.rate, self.notes)
        read = ColourReader(info.color, info.size[1])
        filter_ = Deinterlacer(self.notes) if self._deinterlace else None
        shift = ticks(self.shift, info.time_base)
        last: av.VideoFrame | None = None
        for picture in self._all_pictures():
            stamp = clock.stamp(None if picture.pts is None else picture.pts - shift, picture.duration)
            repeated = picture.frame is None
            if repeated:
                self._damaged += 1
            frame = picture.frame or last
            assert frame is not None
            last = frame
            made = Frame(None, stamp, info.color, source=self._same_shape(frame), repeated=repeated, read=read)
            yield from filter_(made) if filter_ is not None else (made,)
        if filter_ is not None:
            yield from filter_.flush()
        if self._damaged:
            self.notes(f"{self._damaged} damaged frame(s): the frame before stands in for each")

    def _all_pictures(self) -> Iterator[Picture]:
        if self._first is not None:
            first, self._first = self._first, None
            yield first
        yield from self._frames

    def _same_shape(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Frames that change size or format in mid-stream are brought to those of the first."""
        width, height = self.info.size
        if (frame.width, frame.height) == (width, height) and frame.format.name == self.info.pix_fmt:
            return frame
        if (frame.width, frame.height) != (width, height):
            self.notes(f"frames change size in mid-stream: all are scaled to {width}x{height}")
        return frame.reformat(width=width, height=height, format=self.info.pix_fmt, interpolation="BICUBIC")

    def _pictures(self, max_pixels: int) -> Iterator[Picture]:
        """The pictures of the cut."""
        clock = self._clock
        low = None if self._start is None else self._origin + first_tick(self._start, clock)
        high = None if self._end is None else self._origin + first_tick(self._end, clock)
        decoder = Decoder(decoding_context(self.video, max_pixels, self.THREADS))
        for picture in self._decoded(decoder, low):
            if picture.frame is not None:
                check_pixels(self._path, picture.frame.width, picture.frame.height, max_pixels)
            if picture.pts is not None:
                if low is not None and picture.pts < low:
                    continue
                if high is not None and picture.pts >= high:
                    self._read_sound_up_to(high * clock)
                    return
            yield picture

    def _decoded(self, decoder: Decoder, low: int | None) -> Iterator[Picture]:
        """Every picture from one at or before `low` on."""
        for back in SEEKS if low is not None and low > self._origin else ():
            assert low is not None
            if not self._seek(low - ticks(Fraction(back), self._clock)):
                continue
            decoder.restart()
            pictures = self._all_decoded(decoder)
            first = next(pictures, None)
            if first is not None and first.pts is not None and first.pts <= low:
                yield first
                yield from pictures
                return
            # An index of decoding times, or none of key frames (MPEG), leads behind the picture: begin earlier.
            self.aside.clear()
        # Aimed before the beginning, as some formats take the beginning itself for the packet after it.
        if low is not None and (
            self._seek(self._origin - ticks(Fraction(10), self._clock)) or self._seek(self._origin)
        ):
            decoder.restart()
        yield from self._all_decoded(decoder)

    def _seek(self, pts: int) -> bool:
        try:
            self.container.seek(pts, stream=self.video)
        except (av.FFmpegError, OverflowError):  # no index, or no such time
            return False
        return True

    def _all_decoded(self, decoder: Decoder) -> Iterator[Picture]:
        self._read = self._packets()
        for packet in self._read:
            for picture in decoder.decode(packet):
                self._decodable = True
                yield picture

    def _read_sound_up_to(self, end: Fraction) -> None:
        """Read on behind the cut's last picture: files keep the sound of a moment behind its pictures."""
        for packet in self._read:
            at = None if packet is None or packet.dts is None else packet.dts * self._clock
            if self.aside.sound_reaches(end) or at is None or at > end + SOUND_BEHIND:
                return

    def _packets(self) -> Iterator[av.Packet | None]:
        """The video's packets, then None; other packets are put aside on the way."""
        errors = 0
        while True:
            try:
                for packet in self.container.demux():
                    errors = 0
                    if packet.dts is None and packet.pts is None and not packet.size:
                        continue  # PyAV's own end-of-stream mark
                    if packet.stream_index == self.video.index:
                        yield packet
                    else:
                        self.aside.put(packet)
                break
            except av.FFmpegError as error:
                errors += 1
                self.notes(f"the file is damaged ({reason(error)}): what can be read is used")
                if errors > READ_ERRORS:
                    break
        yield None

    # --- copying ---

    def others(self) -> list[Stream]:
        """Every stream but the one that is decoded, in file order."""
        return [s for s in self.container.streams if s.index != self.video.index]

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self.aside.clear()
            self.container.close()


def decoding_context(stream: VideoStream, max_pixels: int, threads: str = "AUTO") -> av.VideoCodecContext:
    """The stream's decoder; for VP8 and VP9 with alpha libvpx, as FFmpeg's own decoders leave alpha out."""
    context = stream.codec_context
    decoder = {"vp8": "libvpx", "vp9": "libvpx-vp9"}.get(context.codec.canonical_name)
    if decoder and stream.metadata.get("alpha_mode") == "1" and decoder in av.codecs_available:
        own = av.CodecContext.create(decoder, "r")
        assert isinstance(own, av.VideoCodecContext)
        own.extradata, own.width, own.height = context.extradata, context.width, context.height
        context = own
    context.thread_type = threads
    context.options = {"max_pixels": str(min(max_pixels, 2**31 - 1))}
    return context


def start_of(container: InputContainer, stream: VideoStream) -> int:
    """Where `start` and `end` count from, in the stream's clock: the beginning of the file."""
    if container.start_time is None or stream.time_base is None:
        return stream.start_time or 0
    return ticks(Fraction(container.start_time, av.time_base), stream.time_base)
