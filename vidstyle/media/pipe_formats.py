"""What comes through a pipe: yuv4mpeg or NUT, told by their first bytes, or raw video, as the user says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import av

from vidstyle.errors import InputError, OptionError
from vidstyle.media.pipe_ends import PipeIn

__all__ = ["PipeFormat", "RawVideo", "pipe_format"]

NUT = b"nut/multimedia container\0"
Y4M = b"YUV4MPEG2 "
LONGEST_HEADER = 4096


@dataclass(frozen=True)
class RawVideo:
    """Frames without any header: `size` is (width, height)."""

    size: tuple[int, int]
    pix_fmt: str
    rate: Fraction

    @classmethod
    def parse(cls, text: str) -> RawVideo:
        """`640x360:yuv420p@25`, the rate perhaps as 30000/1001. OptionError for anything else."""
        found = re.fullmatch(r"(\d{1,5})x(\d{1,5}):(\w+)@(\d{1,9}(?:\.\d{1,9}|/\d{1,9})?)", text)
        if found is None:
            raise OptionError(f"--raw {text} is not of the form WIDTHxHEIGHT:PIX_FMT@RATE, as 640x360:yuv420p@25")
        width, height, pix_fmt, rate = found.groups()
        try:
            format = av.VideoFormat(pix_fmt, 2, 2)
            per_second = Fraction(rate)
        except (ValueError, ZeroDivisionError):
            raise OptionError(f"--raw {text}: no such pixel format or rate; see: ffmpeg -pix_fmts") from None
        if not (int(width) and int(height) and per_second) or not format.components or format.has_palette:
            raise OptionError(f"--raw {text} cannot be painted; give a size, a rate and a format of pixels")
        return cls((int(width), int(height)), pix_fmt, per_second)


@dataclass(frozen=True)
class PipeFormat:
    """A kind of stream, by the names that users and FFmpeg know."""

    name: str
    format: str
    options: Mapping[str, str] = field(default_factory=dict)
    """FFmpeg's, for reading it."""
    size: tuple[int, int] | None = None
    """(width, height) of the frames, where it is known before they come."""
    header: bytes = b""
    """The first line, where every frame then follows with a line of its own before it."""

    @property
    def resynchronizes(self) -> bool:
        """Whether reading can go on behind damage."""
        return self.format == "nut"


def pipe_format(pipe: PipeIn, raw: RawVideo | None) -> PipeFormat:
    """What the pipe brings, without taking any of it away. InputError where it is nothing known."""
    if raw is not None:
        size, rate = f"{raw.size[0]}x{raw.size[1]}", f"{raw.rate.numerator}/{raw.rate.denominator}"
        return PipeFormat(
            "raw video", "rawvideo", {"video_size": size, "pixel_format": raw.pix_fmt, "framerate": rate}, raw.size
        )
    head = pipe.peek(len(NUT))
    if head == NUT:
        return PipeFormat("NUT", "nut")
    if not head:
        raise InputError(f"{pipe.name} is empty: whatever writes to it gave nothing")
    if not head.startswith(Y4M):
        raise InputError(
            f"{pipe.name} is neither yuv4mpeg nor NUT; write it with ffmpeg -f nut -, or say what it is with --raw"
        )
    while b"\n" not in head and len(head) < LONGEST_HEADER:
        longer = pipe.peek(len(head) + 1)
        if longer == head:
            break
        head = longer
    line, newline, _ = head.partition(b"\n")
    if not newline:
        raise InputError(f"{pipe.name} is no yuv4mpeg: its first line does not end")
    wide, high = re.search(rb" W(\d{1,9})( |$)", line), re.search(rb" H(\d{1,9})( |$)", line)
    if not wide or not high:
        raise InputError(f"{pipe.name} is no yuv4mpeg: its first line does not tell the frames' size")
    return PipeFormat("yuv4mpeg", "yuv4mpegpipe", size=(int(wide[1]), int(high[1])), header=line)
