"""Streams that are copied bit for bit beside the painted video, with everything that is known of them."""

from __future__ import annotations

import io
from contextlib import suppress
from fractions import Fraction
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.stream import AttachmentStream, DataStream, Discard, Disposition, Stream
from av.video.stream import VideoStream

from vidstyle.media.clip_source import ClipSource
from vidstyle.media.formats import Container
from vidstyle.media.notes import Note
from vidstyle.media.source import Source
from vidstyle.media.stamps import PacketClock, ticks

__all__ = ["Copies"]

# Facts about the input file itself, which would be lies about the output.
FILE_FACTS = {"major_brand", "minor_version", "compatible_brands", "encoder"}
CODING_FACTS = {"encoder", "duration", "bps", "number_of_frames", "number_of_bytes", "source_id"}
ITUNES_TAGS = {
    "title",
    "artist",
    "album_artist",
    "composer",
    "album",
    "date",
    "comment",
    "genre",
    "copyright",
    "grouping",
    "lyrics",
    "description",
    "synopsis",
    "show",
    "episode_id",
    "network",
    "keywords",
    "episode_sort",
    "season_number",
    "media_type",
    "hd_video",
    "gapless_playback",
    "compilation",
    "track",
    "disc",
    "tmpo",
    "creation_time",
    "language",
    "timecode",
    "sort_name",
    "sort_artist",
    "sort_album",
    "sort_album_artist",
    "sort_composer",
    "sort_show",
    "rating",
    "author",
    "performer",
    "publisher",
    "year",
    "location",
}

MXF_SOUND = ("pcm_s16le", "pcm_s24le")


class Copies:
    """Plans which streams a container can hold, adds them, and muxes their packets as they come."""

    def __init__(self, source: Source, container: Container, note: Note) -> None:
        self._source = source if isinstance(source, ClipSource) else None
        self._kind = container
        self._note = note
        self._out: OutputContainer | None = None
        self._streams: dict[int, Stream] = {}
        self._clocks: dict[int, PacketClock] = {}

    @property
    def time_bases(self) -> list[Fraction]:
        """The clocks of the streams that may be copied."""
        streams = self._source.others() if self._source else []
        return [s.time_base for s in streams if s.time_base and s.type in ("audio", "video", "subtitle")]

    def add_to(self, out: OutputContainer, video: Stream) -> None:
        """Add the copied streams, chapters and tags; to be called before the header is written."""
        self._out = out
        if self._source is None:
            return
        source = self._source
        for stream in source.others():
            self._add(out, stream)
        source.aside.keep(self._streams)
        self._describe(out, video)

    def _describe(self, out: OutputContainer, video: Stream) -> None:
        assert self._source is not None
        old = self._source.container
        tags = {k: v for k, v in old.metadata.items() if k.lower() not in FILE_FACTS}
        out.metadata.update(tags)
        if not self._kind.free_tags and any(k.lower() not in ITUNES_TAGS for k in tags):
            out.container_options["movflags"] = "use_metadata_tags"
        self._describe_stream(self._source.video, video, coded_anew=True)
        chapters = [_moved(dict(chapter), self._source.shift) for chapter in old.chapters()]
        chapters = [chapter for chapter in chapters if chapter["end"] > 0]
        if chapters:
            out.set_chapters(chapters)  # type: ignore[arg-type]

    def _describe_stream(self, old: Stream, new: Stream, coded_anew: bool = False) -> None:
        new.metadata.update(
            {
                key: value
                for key, value in old.metadata.items()
                if not key.lower().startswith("_statistics")
                and not (coded_anew and key.lower().split("-")[0] in CODING_FACTS)
                and key.lower() != "duration"
            }
        )
        new.disposition = old.disposition

    def _add(self, out: OutputContainer, stream: Stream) -> None:
        if isinstance(stream, DataStream) and self._rebuilt(stream):
            return
        if isinstance(stream, AttachmentStream) and not self._kind.attachments:
            self._cannot(stream, "Matroska")
            return
        cover = stream.disposition & Disposition.attached_pic
        try:
            if cover and self._kind.attachments:
                self._attach_cover(out, stream)
                return
            if (cover and not self._kind.covers) or not self._holds(stream):
                self._cannot(stream, _would_hold(stream))
                return
            new = self._twin(out, stream)
        except (av.FFmpegError, ValueError):
            self._cannot(stream, _would_hold(stream))
            return
        self._describe_stream(stream, new)
        if not isinstance(stream, AttachmentStream):
            self._streams[stream.index] = new
            self._clocks[stream.index] = PacketClock(stream.time_base or Fraction(1, 1000), strict=False)

    def _holds(self, stream: Stream) -> bool:
        """Whether the muxer takes the stream, found out by writing a header for it alone."""
        if self._kind.format == "mxf":  # MXF writes no header without a picture
            return isinstance(stream, AudioStream) and _codec_name(stream) in MXF_SOUND and stream.rate == 48000
        if self._kind.no_reordering and stream.type == "video":  # nor does the copy's order fit
            return False
        trial = av.open(io.BytesIO(), "w", format=self._kind.format, container_options=self._kind.options_for([]))
        try:
            self._twin(trial, stream)
            trial.start_encoding()
            if self._kind.format in ("mp4", "mov"):  # these write their header at the end
                trial.close()
        except (av.FFmpegError, ValueError):
            return False
        finally:
            with suppress(av.FFmpegError):
                trial.close()
        return True

    @staticmethod
    def _twin(out: OutputContainer, stream: Stream) -> Stream:
        """A stream of the same coding in `out`."""
        new = out.add_stream_from_template(stream, opaque=True)
        if isinstance(stream, AudioStream) and stream.layout.name.endswith("channels") and stream.channels <= 2:
            context: Any = new.codec_context
            context.layout = "mono" if stream.channels == 1 else "stereo"  # as players take it anyway
        return new

    def _rebuilt(self, stream: Stream) -> bool:
        """Tracks that the muxer makes itself: time code from the video's tag, chapter titles from the chapters."""
        assert self._source is not None
        timecode = "timecode" in stream.metadata and getattr(stream, "name", None) is None
        if timecode and self._kind.format in ("mp4", "mov", "mxf"):
            return True
        return bool(self._source.container.chapters()) and stream.discard == Discard.all

    def _attach_cover(self, out: OutputContainer, stream: Stream) -> None:
        """Matroska keeps cover pictures as attachments; the picture is the stream's only packet."""
        assert self._source is not None
        assert isinstance(stream, VideoStream)
        packet = next((p for p in self._source.aside.peek(stream.index)), None)
        if packet is None:
            self._cannot(stream, "MP4")
            return
        codec = stream.codec_context.codec.canonical_name
        kind = {"mjpeg": "jpeg"}.get(codec, codec)
        out.add_attachment(f"cover.{'jpg' if kind == 'jpeg' else kind}", f"image/{kind}", bytes(packet))

    def _cannot(self, stream: Stream, holder: str) -> None:
        holder = "the input's own format" if holder == self._kind.name else holder
        what = f"{stream.type} stream {stream.index} ({_codec_name(stream)})"
        self._note(f"{what} is left out: {self._kind.name} cannot hold it, {holder} can")

    def mux(self) -> None:
        """Write the packets that the source has put aside by now."""
        if self._source is None or self._out is None:
            return
        for packet in self._source.aside.take():
            new = self._streams.get(packet.stream_index)
            if new is None or packet.time_base is None:
                continue
            packet.dts = packet.pts if packet.dts is None else packet.dts
            if packet.dts is None:
                self._mux_timeless(packet, new)
                continue
            shift = ticks(self._source.shift, packet.time_base)
            moved = self._clocks[packet.stream_index].mend(packet.dts) - shift
            packet.dts += moved
            packet.pts = packet.dts if packet.pts is None else packet.pts + moved
            if packet.pts < 0 and not self._kind.before_zero:
                self._note(f"{new.type} stream {new.index} begins at 0: {self._kind.name} has no times before it")
                continue
            packet.stream = new
            self._out.mux(packet)

    def _mux_timeless(self, packet: av.Packet, new: Stream) -> None:
        """A cover picture belongs to no moment; anything else needs one."""
        assert self._out is not None
        if not packet.stream.disposition & Disposition.attached_pic:
            self._note(f"{new.type} stream {new.index} has packets without times; they are left out")
            return
        packet.pts = packet.dts = 0
        packet.stream = new
        self._out.mux(packet)


def _moved(chapter: dict[str, Any], shift: Fraction) -> dict[str, Any]:
    """A chapter of a cut clip; one that began before the cut begins with it."""
    moved = round(shift / chapter["time_base"])
    return {
        **chapter,
        "start": max(0, chapter["start"] - moved) if moved else chapter["start"],
        "end": chapter["end"] - moved,
    }


def _codec_name(stream: Stream) -> str:
    context = stream.codec_context
    return context.codec.canonical_name if context is not None else getattr(stream, "name", None) or "unknown coding"


def _would_hold(stream: Stream) -> str:
    if stream.disposition & Disposition.attached_pic:
        return "MP4 or Matroska"
    if stream.type == "subtitle" and _codec_name(stream) == "mov_text":
        return "MP4 or QuickTime"
    if stream.type == "data":
        return "the input's own format"
    return "Matroska"
