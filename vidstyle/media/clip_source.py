"""Clips: one demuxer feeds the decoder and hands the other streams' packets to whoever copies them.

Two threads and one rule. The reading thread iterates here; the writing thread calls `take_copies` (through the sink).
The reader **never waits** for the writer: copied packets pile up in a deque that has no bound of its own, and what
bounds it is that packets are only read when the next frame is asked for. So frames in flight (the pipeline's bounded
queues) bound the packets in flight to what the file interleaves beside them, and no order of waiting can deadlock.
Packets of streams that nobody asked to keep are dropped as they are read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from vidstyle.errors import InputError
from vidstyle.frames import ColorSpec, Frame
from vidstyle.media.colour import HD_HEIGHT, ColourReader, has_alpha, pixel_depth
from vidstyle.media.containers import MAX_PIXELS, beyond, check_pixels, open_container, reason
from vidstyle.media.decoder import Decoder, Picture
from vidstyle.media.deinterlace import Deinterlacer
from vidstyle.media.display import display_matrix, rotation_of
from vidstyle.media.notes import Note, Notes
from vidstyle.media.sidedata import hdr_light, side_data
from vidstyle.media.source import Source, SourceInfo
from vidstyle.media.stamps import FrameClock, ticks

__all__ = ["ClipSource"]

READ_ERRORS = 32  # damaged places in a row before the rest of a file is given up


class ClipSource(Source):
    """A media file; `start` and `end` (seconds) cut it to [start, end), and the cut then begins at time 0."""

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
        self._copies: deque[av.Packet] = deque()
        self._kept: set[int] | None = None  # None: not decided yet, keep all
        self._begun: set[int] = set()  # copied video streams that have had their first key frame
        self._damaged = 0
        self._closed = False
        self.container: InputContainer = open_container(path, max_pixels=max_pixels, hwaccel=hwaccel, note=self.notes)
        try:
            self.video = self._choose(max_pixels)
            self._origin = start_of(self.container, self.video)
            self._start, self._end = start, end
            self.shift = Fraction(0)
            """Seconds taken off every time stamp of the file, copied streams too."""
            self._frames = self._pictures(max_pixels)
            first = next(self._frames, None)
            if first is None or first.frame is None:
                raise InputError(f"{path} has no frames{self._why_none(max_pixels)}")
            self._first: Picture | None = first
            self._look = first.frame
            self.info = self._describe(first.frame, deinterlace)
            if start is not None:
                self.shift = (first.pts or 0) * self.info.time_base
            self._deinterlace = deinterlace
        except BaseException:
            self.close()
            raise

    # --- opening ---

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
        if not self.video.codec_context.width:
            return f" that can be decoded: it is damaged, or {beyond(max_pixels)}"
        return " that can be decoded" if self._start is self._end is None else " in the part asked for"

    def _describe(self, frame: av.VideoFrame, deinterlace: bool) -> SourceInfo:
        stream, context = self.video, self.video.codec_context
        color = color_of(frame, context)
        rate = stream.average_rate or stream.guessed_rate
        time_base = stream.time_base or Fraction(1, 1000)
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
        if frame.interlaced_frame and deinterlace:
            self.notes("interlaced frames are deinterlaced (bwdif, one frame per frame)")
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

    # --- reading ---

    def __iter__(self) -> Iterator[Frame]:
        if self._kept is None:  # nobody copies
            self.keep(())
        info = self.info
        clock = FrameClock(info.time_base, info.rate, self.notes)
        read = ColourReader(info.color, info.size[1])
        filter_ = Deinterlacer() if self._deinterlace else None
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
        time_base = self.video.time_base or Fraction(1, 1000)
        low = None if self._start is None else self._origin + ticks(self._start, time_base)
        high = None if self._end is None else self._origin + ticks(self._end, time_base)
        if low is not None and low > self._origin:
            with suppress(av.FFmpegError):  # formats without an index are read from the beginning
                self.container.seek(low, stream=self.video)
        decoder = Decoder(decoding_context(self.video, max_pixels))
        for packet in self._packets():
            for picture in decoder.decode(packet):
                if picture.frame is not None:
                    check_pixels(self._path, picture.frame.width, picture.frame.height, max_pixels)
                if picture.pts is not None:
                    if low is not None and picture.pts < low:
                        continue
                    if high is not None and picture.pts >= high:
                        return
                yield picture

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
                    elif self._kept is None or packet.stream_index in self._kept:
                        self._copies.append(packet)
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

    def keep(self, indices: tuple[int, ...] | list[int]) -> None:
        """From now on put aside only the packets of these streams."""
        self._kept = set(indices)
        for _ in range(len(self._copies)):
            packet = self._copies.popleft()
            if packet.stream_index in self._kept:
                self._copies.append(packet)

    def peek(self, index: int) -> list[av.Packet]:
        """The packets of one stream that were put aside and not taken yet."""
        return [p for p in list(self._copies) if p.stream_index == index]

    def take_copies(self) -> Iterator[av.Packet]:
        """The packets put aside so far, in file order, within the cut; safe beside a thread that iterates."""
        while self._copies:
            packet = self._copies.popleft()
            if self._in_cut(packet):
                yield packet

    def _in_cut(self, packet: av.Packet) -> bool:
        """Whether a packet belongs to the cut; subtitles that reach over its edges are shortened."""
        if self._start is None and self._end is None:
            return True
        at = packet.pts if packet.pts is not None else packet.dts
        clock = packet.time_base
        if at is None or clock is None:
            return False
        if packet.stream.disposition & Disposition.attached_pic:
            return True
        low = None if self._start is None else ticks(self.shift, clock)
        high = None if self._end is None else ticks(self._seconds(self._origin) + self._end, clock)
        if packet.stream.type == "subtitle":
            return _shorten(packet, at, low, high)
        if packet.stream.type == "video" and packet.stream_index not in self._begun and not packet.is_keyframe:
            self.notes(f"video stream {packet.stream_index} is copied from its first key frame in the cut on")
            return False
        inside = (low is None or at >= low) and (high is None or at < high)
        if inside:
            self._begun.add(packet.stream_index)
        return inside

    def _seconds(self, pts: int) -> Fraction:
        return pts * (self.video.time_base or Fraction(1, 1000))

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._copies.clear()
            self.container.close()


def _shorten(packet: av.Packet, at: int, low: int | None, high: int | None) -> bool:
    duration = packet.duration or 0
    begin = at if low is None else max(at, low)
    end = at + duration if high is None else min(at + duration, high)
    if end < begin or (high is not None and begin >= high) or (duration and end == begin):
        return False
    packet.pts = packet.dts = begin
    packet.duration = end - begin
    return True


def decoding_context(stream: VideoStream, max_pixels: int) -> av.VideoCodecContext:
    """The stream's decoder; for VP8 and VP9 with alpha libvpx, as FFmpeg's own decoders leave alpha out."""
    context = stream.codec_context
    decoder = {"vp8": "libvpx", "vp9": "libvpx-vp9"}.get(context.codec.canonical_name)
    if decoder and stream.metadata.get("alpha_mode") == "1" and decoder in av.codecs_available:
        own = av.CodecContext.create(decoder, "r")
        assert isinstance(own, av.VideoCodecContext)
        own.extradata, own.width, own.height = context.extradata, context.width, context.height
        context = own
    context.thread_type = "AUTO"
    context.options = {"max_pixels": str(max_pixels)}
    return context


def start_of(container: InputContainer, stream: VideoStream) -> int:
    """Where `start` and `end` count from, in the stream's clock: the beginning of the file."""
    if container.start_time is None or stream.time_base is None:
        return stream.start_time or 0
    return ticks(Fraction(container.start_time, av.time_base), stream.time_base)


def color_of(frame: av.VideoFrame, context: av.VideoCodecContext | None) -> ColorSpec:
    """The tags of a picture, or those of its stream where it has none."""

    def tagged(name: str, unspecified: int = 2) -> int:
        own = int(getattr(frame, name))
        return own if own != unspecified or context is None else int(getattr(context, name))

    range_ = tagged("color_range", 0)
    name = frame.format.name
    rgb = frame.format.is_rgb or frame.format.has_palette
    full = range_ == 2 or name.startswith("yuvj") or rgb or (range_ == 0 and name.startswith(("gray", "ya")))
    return ColorSpec(
        full_range=full,
        matrix=tagged("colorspace"),
        primaries=tagged("color_primaries"),
        transfer=tagged("color_trc"),
    )
