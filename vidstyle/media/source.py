"""What frames come from: one protocol for clips, stills and folders of images."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from types import TracebackType
from typing import TypeVar

from vidstyle.frames import ColorSpec, Frame
from vidstyle.media.notes import Notes
from vidstyle.media.photo_tags import PhotoTags
from vidstyle.media.sidedata import HdrLight

__all__ = ["Source", "SourceInfo"]

S = TypeVar("S", bound="Source")


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of a source before its frames are read; `size` is that of its frames, (width, height)."""

    path: str
    size: tuple[int, int]
    time_base: Fraction
    rate: Fraction | None
    """Average frames per second; the stamps are what counts."""
    frames: int | None
    """An estimate."""
    duration: Fraction | None
    color: ColorSpec
    """As tagged; unspecified values stay unspecified."""
    depth: int
    """8, 10, 12 or 16 bits per component."""
    has_alpha: bool
    pix_fmt: str
    codec: str
    sar: Fraction = Fraction(1)
    """Width of a pixel over its height."""
    display_matrix: tuple[int, ...] | None = None
    """How a player turns and flips the frames (FFmpeg's nine integers); the frames themselves are left as coded."""
    rotation: int = 0
    """The turn in `display_matrix`, degrees counterclockwise."""
    interlaced: bool = False
    """Whether the *frames delivered* are interlaced."""
    still: bool = False
    color_is_rgb: bool = False
    range_tagged: bool = True
    """Whether the file says which range its code values span."""
    side_data: frozenset[str] = frozenset()
    """Kinds of side data on the first frame, by FFmpeg's names."""
    light: HdrLight | None = None


class Source(ABC):
    """A clip as an iterator over its frames in display order; a context manager; read once."""

    info: SourceInfo
    notes: Notes
    names: list[str] | None = None
    """The pictures' file names, where the source is a folder."""

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]: ...

    def tags(self, index: int) -> PhotoTags:
        """What the photo behind a frame carries beside its pixels."""
        return PhotoTags()

    @abstractmethod
    def close(self) -> None:
        """Release the file; iterating further is an error."""

    def __enter__(self: S) -> S:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
