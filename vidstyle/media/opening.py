"""The two front doors of this room: a path becomes a source, a path becomes a sink."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

from vidstyle.errors import InputError, OptionError, OutputError
from vidstyle.frames import MAX_PIXELS
from vidstyle.media.clip_sink import ClipSink
from vidstyle.media.clip_source import ClipSource
from vidstyle.media.containers import check_file, reason
from vidstyle.media.encoders import DEFAULT_SETTINGS, EncoderSettings
from vidstyle.media.formats import CONTAINERS, STILLS, container_for
from vidstyle.media.image_sink import PATTERN, ImageSink
from vidstyle.media.image_source import ENDINGS, ImageSource, pictures_in, pictures_like
from vidstyle.media.notes import Note
from vidstyle.media.sink import Sink
from vidstyle.media.source import Source
from vidstyle.media.stamps import DEFAULT_RATE
from vidstyle.media.webp_source import WebpSource

__all__ = ["default_output", "open_sink", "open_source"]


def open_source(
    path: str | os.PathLike[str],
    *,
    start: Fraction | None = None,
    end: Fraction | None = None,
    max_pixels: int = MAX_PIXELS,
    deinterlace: bool = True,
    hwaccel: str | None = None,
    rate: Fraction = DEFAULT_RATE,
    note: Note | None = None,
) -> Source:
    """Open a media file, a still, a folder of pictures (natural order) or a printf pattern (frames/%04d.png).

    `start` and `end` are seconds from the beginning; the cut is [start, end) and begins at time 0 if `start` is given.
    `rate` is for pictures. `hwaccel` is "auto", a device ("cuda") or None. InputError where nothing can be decoded.
    """
    path = Path(path)
    if start is not None and start < 0:
        raise OptionError("the start must not be negative")
    if end is not None and end <= (start or 0):
        raise OptionError("the end must come after the start")
    cut = {"start": start, "end": end, "max_pixels": max_pixels, "note": note}
    if path.is_dir():
        return ImageSource(pictures_in(path), label=path, rate=rate, **cut)  # type: ignore[arg-type]
    if PATTERN.search(path.name) and not path.exists():
        return ImageSource(pictures_like(path), label=path, rate=rate, **cut)  # type: ignore[arg-type]
    check_file(path)
    animated = _animation(path)
    if path.suffix.lower() in ENDINGS and animated is None:
        if note and (start is not None or end is not None):
            note(f"{path} is a still: it is taken whole, without regard to start and end")
        return ImageSource([path], label=path, still=True, max_pixels=max_pixels, note=note)
    if animated == "webp":
        return WebpSource(path, **cut)  # type: ignore[arg-type]
    return ClipSource(path, deinterlace=deinterlace, hwaccel=hwaccel, **cut)  # type: ignore[arg-type]


def _animation(path: Path) -> str | None:
    """Which kind of moving picture a file holds ("apng", "webp"), if any, by its header: names may lie."""
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {reason(error)}") from None
    if head[8:12] == b"WEBP" and b"ANIM" in head:
        return "webp"
    return "apng" if b"acTL" in head else None


def open_sink(
    path: str | os.PathLike[str],
    source: Source,
    *,
    size: tuple[int, int] | None = None,
    encoder: EncoderSettings = DEFAULT_SETTINGS,
    overwrite: bool = True,
    note: Note | None = None,
) -> Sink:
    """Open a clip, a still, a folder or a pattern (out/%05d.png) for the frames of `source`, before iterating it.

    `size` is (width, height) of the frames that will be written, by default the source's. OutputError where the
    result could not be written, OptionError for settings that the encoder does not know; nothing is left behind.
    """
    text, path = os.fspath(path), Path(path)
    if text == "-":
        raise OutputError("a result cannot go to standard output; give a file name")
    if _same(path, Path(source.info.path)):
        raise OutputError(f"{path} is the input itself; choose another name")
    settings = {"size": size, "encoder": encoder, "overwrite": overwrite, "note": note}
    folder = path.is_dir() or text.endswith(("/", os.sep)) or not path.suffix
    still = path.suffix.lower() in STILLS and (source.info.still or path.suffix.lower() != ".webp")
    if folder or still:
        return ImageSink(path, source, **settings)  # type: ignore[arg-type]
    return ClipSink(path, container_for(path), source, **settings)  # type: ignore[arg-type]


def default_output(source: Source, suffix: str) -> Path:
    """Where a result goes that nobody named: beside the input, of the same kind where that can be written."""
    path = Path(source.info.path)
    path = _folder_of(path)
    if path.is_dir():
        path = path.resolve()  # "." and ".." have no names
        return path.with_name(f"{path.name or 'frames'}-{suffix}")
    ending = path.suffix.lower()
    if source.info.still:
        ending = ending if ending in STILLS else ".png"
    elif ending not in CONTAINERS:
        ending = ".mkv"
    return path.with_name(f"{path.stem}-{suffix}{ending}")


def _same(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(_folder_of(one), _folder_of(other))
    except OSError:
        return False


def _folder_of(path: Path) -> Path:
    """The folder that a pattern stands for, else the path itself; files may be called 100%done.mp4."""
    return path.parent if PATTERN.search(path.name) and not path.exists() else path
