"""What is in a media file, as facts that can be printed."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from vidstyle.frames import MAX_PIXELS, ColorSpec
from vidstyle.media.colour import color_of, has_alpha, pixel_depth
from vidstyle.media.containers import check_pixels, open_container, open_picture
from vidstyle.media.display import display_matrix, rotation_of
from vidstyle.media.image_source import ENDINGS

__all__ = ["Chapter", "MediaInfo", "StreamInfo", "VideoInfo", "probe"]

FIELD_ORDERS = {1: "progressive", 2: "top first", 3: "bottom first", 4: "top first", 5: "bottom first"}


@dataclass(frozen=True, slots=True)
class Chapter:
    """A named part, [start, end) in seconds."""

    start: Fraction
    end: Fraction
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """The picture's side of a video stream; `size` is (width, height) as coded, `rotation` counterclockwise degrees."""

    size: tuple[int, int]
    sar: Fraction
    rotation: int
    rate: Fraction | None
    pix_fmt: str | None
    depth: int
    alpha: bool
    color: ColorSpec
    field_order: str


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """One stream; `start` and `duration` count `time_base` seconds, None where the file does not say."""

    index: int
    kind: str
    codec: str | None
    language: str | None
    disposition: tuple[str, ...]
    metadata: dict[str, str]
    time_base: Fraction | None
    start: int | None
    duration: int | None
    frames: int | None
    video: VideoInfo | None


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """A media file; times in seconds."""

    path: str
    format: str
    duration: Fraction | None
    start: Fraction | None
    bit_rate: int | None
    chapters: tuple[Chapter, ...]
    metadata: dict[str, str]
    streams: tuple[StreamInfo, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; fractions as "num/den"."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def probe(path: str | os.PathLike[str], *, max_pixels: int = MAX_PIXELS) -> MediaInfo:
    """Read a media file's facts; InputError where it is none."""
    path = Path(path)
    # FFmpeg would take a picture, by its ending, for one of a numbered sequence.
    opened = open_picture if path.suffix.lower() in ENDINGS else open_container
    with opened(path, max_pixels=max_pixels) as container:
        streams = tuple(_stream(container, s, path, max_pixels) for s in container.streams)
        chapters = tuple(
            Chapter(c["start"] * c["time_base"], c["end"] * c["time_base"], _readable(c["metadata"]))
            for c in container.chapters()
        )
        return MediaInfo(
            path=str(path),
            format=container.format.name,
            duration=_seconds(container.duration),
            start=_seconds(container.start_time),
            bit_rate=container.bit_rate or None,
            chapters=chapters,
            metadata=_readable(container.metadata),
            streams=streams,
        )


def _stream(container: InputContainer, stream: Stream, path: Path, max_pixels: int) -> StreamInfo:
    context = stream.codec_context
    return StreamInfo(
        index=stream.index,
        kind=stream.type,
        codec=context.codec.canonical_name if context is not None else getattr(stream, "name", None),
        language=stream.language,
        disposition=tuple(d.name for d in Disposition if d & stream.disposition and d.name),
        metadata=_readable(stream.metadata),
        time_base=stream.time_base,
        start=stream.start_time,
        duration=stream.duration,
        frames=stream.frames or None,
        video=_video(container, stream, path, max_pixels) if isinstance(stream, VideoStream) and context else None,
    )


def _video(container: InputContainer, stream: VideoStream, path: Path, max_pixels: int) -> VideoInfo:
    context = stream.codec_context
    check_pixels(path, context.width, context.height, max_pixels)
    frame = _first_frame(container, stream)
    format = frame.format if frame is not None else context.format
    return VideoInfo(
        size=(frame.width, frame.height) if frame is not None else (context.width, context.height),
        sar=stream.sample_aspect_ratio or Fraction(1),
        rotation=rotation_of(display_matrix(frame, context.codec.canonical_name)) if frame is not None else 0,
        rate=stream.average_rate or stream.guessed_rate,
        pix_fmt=format.name if format is not None else None,
        depth=pixel_depth(format) if format is not None else 8,
        alpha=stream.metadata.get("alpha_mode") == "1" or (format is not None and has_alpha(format)),
        color=color_of(frame, context) if frame is not None else ColorSpec(),
        field_order="interlaced"
        if frame is not None and frame.interlaced_frame and context.field_order in (0, 1)
        else FIELD_ORDERS.get(context.field_order, "unknown"),
    )


def _first_frame(container: InputContainer, stream: VideoStream) -> av.VideoFrame | None:
    """The first picture, for what only pictures tell; None where none can be decoded."""
    with suppress(av.FFmpegError):
        container.seek(container.start_time or 0)
    try:
        return next(container.decode(stream), None)
    except av.FFmpegError:
        return None


def _seconds(microseconds: int | None) -> Fraction | None:
    return None if microseconds is None else Fraction(microseconds, av.time_base)


def _readable(metadata: dict[str, str]) -> dict[str, str]:
    """Tags whose bytes are not UTF-8 become printable."""
    return {_utf8(key): _utf8(value) for key, value in metadata.items()}


def _utf8(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value
