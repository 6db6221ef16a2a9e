"""What each kind of file can hold."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from pathlib import Path

from vidstyle.errors import OutputError

__all__ = ["CONTAINERS", "STILLS", "Container", "container_for", "is_clip"]


@dataclass(frozen=True, slots=True)
class Container:
    """A kind of clip file, by the names users and FFmpeg know it."""

    name: str
    format: str
    display_matrix: bool = False
    """Whether a rotation can be written beside the frames."""
    fixed_rate: bool = False
    """Whether frames have no times of their own, only a rate."""
    time_base: Fraction | None = None
    """The clock of the encoder where the container dictates it."""
    no_reordering: bool = False
    """Whether frames must be coded in the order they are shown in: there are no decoding times, or none before 0."""
    before_zero: bool = True
    """Whether copied packets may have times before 0, as sound has that a player discards."""
    attachments: bool = False
    covers: bool = False
    """Whether a picture that is no part of the clip, such as a poster, can be a stream beside it."""
    free_tags: bool = True
    """Whether metadata of any name is kept."""

    def keeps_shape(self, codec: str) -> bool:
        """Whether a pixel aspect ratio survives; PyAV cannot give it to muxers that take it from the stream."""
        if self.format in ("matroska", "webm", "avi", "nut", "flv", "webp"):
            return codec in ("h264", "hevc", "mpeg1video", "mpeg2video", "mpeg4")  # these have it within
        return True

    def options_for(self, time_bases: list[Fraction]) -> dict[str, str]:
        """Muxer options under which every stream keeps its times."""
        options = {"avoid_negative_ts": "disabled"}
        if self.format in ("mp4", "mov", "3gp"):
            # The movie's clock counts the start of each track; it must divide every track's.
            clock = 1
            for time_base in time_bases:
                joint = lcm(clock, time_base.denominator)
                clock = joint if joint < 2**31 else clock
            options["movie_timescale"] = str(max(clock, 1000))
            options["strict"] = "unofficial"  # spherical video
        return options


_MP4 = Container("MP4", "mp4", display_matrix=True, covers=True, free_tags=False)
_MKV = Container("Matroska", "matroska", display_matrix=True, attachments=True)
CONTAINERS = {
    ".mp4": _MP4,
    ".m4v": _MP4,
    ".mov": Container("QuickTime", "mov", display_matrix=True, free_tags=False),
    ".qt": Container("QuickTime", "mov", display_matrix=True, free_tags=False),
    ".mkv": _MKV,
    ".webm": Container("WebM", "webm", display_matrix=True),
    ".nut": Container("NUT", "nut", no_reordering=True, before_zero=False),
    ".avi": Container("AVI", "avi", fixed_rate=True, no_reordering=True, before_zero=False),
    ".mxf": Container("MXF", "mxf", fixed_rate=True),
    ".ts": Container("MPEG-TS", "mpegts"),
    ".m2ts": Container("MPEG-TS", "mpegts"),
    ".mts": Container("MPEG-TS", "mpegts"),
    ".flv": Container("FLV", "flv", no_reordering=True, before_zero=False),
    ".gif": Container("GIF", "gif", time_base=Fraction(1, 100)),
    ".webp": Container("WebP", "webp", time_base=Fraction(1, 1000)),
    ".apng": Container("APNG", "apng"),
}
STILLS = {
    ".png": "png",
    ".jpg": "mjpeg",
    ".jpeg": "mjpeg",
    ".webp": "libwebp",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".bmp": "bmp",
}


def is_clip(path: Path) -> bool:
    """Whether the ending is one that `container_for` knows."""
    return path.suffix.lower() in CONTAINERS


def container_for(path: Path) -> Container:
    """The kind of clip that a file name asks for; OutputError where there is none."""
    container = CONTAINERS.get(path.suffix.lower())
    if container is None:
        known = " ".join(sorted({*CONTAINERS, *STILLS}))
        what = f"the ending {path.suffix}" if path.suffix else "a name without an ending"
        raise OutputError(f"{path} cannot be written: {what} is not known; use one of {known}")
    return container
