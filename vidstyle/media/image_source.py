"""Pictures, in: one still, or a folder of them in natural order."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image

from vidstyle.errors import InputError
from vidstyle.frames import MAX_PIXELS, ColorSpec, Frame, Stamp
from vidstyle.media.colour import ColourReader, color_of, has_alpha, pixel_depth
from vidstyle.media.containers import TooLarge, beyond, check_pixels, open_picture
from vidstyle.media.display import exif_matrix, turned, turns_of
from vidstyle.media.notes import Note, Notes
from vidstyle.media.photo_tags import PhotoTags, read_tags
from vidstyle.media.source import Source, SourceInfo
from vidstyle.media.stamps import DEFAULT_RATE, FrameClock, first_tick

__all__ = ["ENDINGS", "ImageSource", "Traits", "natural_order", "pictures_in", "pictures_like", "traits"]

ORIENTATION_TAG = 0x0112
ENDINGS = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".ppm", ".pgm", ".jp2", ".exr", ".dpx"}


def natural_order(path: Path) -> list[tuple[int, int | str]]:
    """A sort key by which frame2 comes before frame10."""
    parts = re.split(r"(\d+)", path.name.lower())
    return [(0, int(p)) if p.isdecimal() else (1, p) for p in parts]


def pictures_in(folder: Path) -> list[Path]:
    """The pictures of a folder in natural order; InputError where there are none."""
    files = [p for p in folder.iterdir() if p.suffix.lower() in ENDINGS and p.is_file() and not p.name.startswith(".")]
    if not files:
        raise InputError(f"{folder} has no pictures; they end in {' '.join(sorted(ENDINGS))}")
    return sorted(files, key=natural_order)


def pictures_like(pattern: Path) -> list[Path]:
    """The files that a printf pattern such as frames/%04d.png names, by number."""
    head, spec, tail = re.fullmatch(r"(.*?)(%0?\d*d)(.*)", pattern.name).groups()  # type: ignore[union-attr]
    width = int(spec[1:-1] or 0)
    number = re.compile(re.escape(head) + r"(\d+)" + re.escape(tail))
    if not pattern.parent.is_dir():
        raise InputError(f"{pattern.parent} does not exist; check the name")
    found = {}
    for file in pattern.parent.iterdir():
        match = number.fullmatch(file.name)
        if match and (len(match[1]) == width or (len(match[1]) > width and match[1][0] != "0") or not width):
            found[int(match[1])] = file
    if not found:
        raise InputError(f"{pattern} names no file; check the folder and the number of digits")
    return [found[n] for n in sorted(found)]


def orientation(file: Path) -> int:
    """The EXIF orientation, 1 to 8; 1 (upright) where the file does not say."""
    try:
        with warnings.catch_warnings(), Image.open(file) as image:
            warnings.simplefilter("ignore")
            return int(image.getexif().get(ORIENTATION_TAG, 1))
    except Exception:  # whatever a broken header does to Pillow, the picture itself may be fine
        return 1


@dataclass(frozen=True, slots=True)
class Traits:
    """What a picture's own pixels are like; the fields are those of `SourceInfo`."""

    color: ColorSpec
    depth: int
    has_alpha: bool
    pix_fmt: str
    color_is_rgb: bool


def traits(picture: av.VideoFrame) -> Traits:
    format = picture.format
    color, alpha = color_of(picture, None), has_alpha(format)
    if format.has_palette:  # only the colours tell whether one of them is transparent
        transparency = ColourReader(color, picture.height)(picture)[1]
        alpha = transparency is not None and bool((transparency < 255).any())
    return Traits(color, pixel_depth(format), alpha, format.name, format.is_rgb or format.has_palette)


class ImageSource(Source):
    """Pictures as a clip of `rate` frames per second, each upright and at its own size; `info` is the first one's."""

    def __init__(
        self,
        files: list[Path],
        *,
        label: Path,
        rate: Fraction = DEFAULT_RATE,
        still: bool = False,
        start: Fraction | None = None,
        end: Fraction | None = None,
        max_pixels: int = MAX_PIXELS,
        note: Note | None = None,
    ) -> None:
        self.notes = Notes(note)
        first = first_tick(start, 1 / rate) if start else 0
        files = files[first : None if end is None else max(0, first_tick(end, 1 / rate))]
        if not files:
            raise InputError(f"{label} has no pictures in the part asked for")
        self._files, self._max_pixels = files, max_pixels
        self.names = [f.name for f in files]
        head = None
        for self._lead, file in enumerate(files):  # broken ones at the head have nothing to stand in for them
            head = self._decode(file, required=len(files) == 1)
            if head is not None:
                break
        if head is None:
            raise InputError(f"{label} has no picture that can be decoded")
        self._head = head
        facts = traits(head)
        turns, _ = turns_of(exif_matrix(orientation(files[self._lead])))
        self.info = SourceInfo(
            path=str(label),
            size=(head.height, head.width) if turns % 2 else (head.width, head.height),
            time_base=1 / rate,
            rate=rate,
            frames=len(files),
            duration=len(files) / rate,
            codec="image",
            still=still,
            color=facts.color,
            depth=facts.depth,
            has_alpha=facts.has_alpha,
            pix_fmt=facts.pix_fmt,
            color_is_rgb=facts.color_is_rgb,
        )

    def __iter__(self) -> Iterator[Frame]:
        damaged = 0
        clock = FrameClock(self.info.time_base, self.info.rate, self.notes)
        last, shown = self._head, self._files[self._lead]
        for index, file in enumerate(self._files):
            picture = self._head if index == self._lead else self._decode(file) if index > self._lead else None
            damaged += picture is None
            if picture is not None:
                last, shown = picture, file
            yield _upright(last, orientation(shown), clock.stamp(index, 1), repeated=picture is None)
        if damaged:
            self.notes(f"{damaged} damaged picture(s): a neighbour stands in for each")

    def _decode(self, file: Path, required: bool = False) -> av.VideoFrame | None:
        try:
            with open_picture(file, max_pixels=self._max_pixels) as container:
                if not container.streams.video:
                    raise InputError(f"{file} is not a picture")
                context = container.streams.video[0].codec_context
                check_pixels(file, context.width, context.height, self._max_pixels)
                context.options = {"max_pixels": str(min(self._max_pixels, 2**31 - 1))}
                for frame in container.decode(video=0):
                    check_pixels(file, frame.width, frame.height, self._max_pixels)
                    if not frame.is_corrupt or required:
                        return frame
                    break
                if required:
                    raise InputError(f"{file} is damaged: it has no picture that can be decoded")
        except (InputError, av.FFmpegError) as error:
            if isinstance(error, TooLarge) or (required and isinstance(error, InputError)):
                raise
            if required:
                raise InputError(f"{file} cannot be decoded: it is damaged, or {beyond(self._max_pixels)}") from None
        return None

    def tags(self, index: int) -> PhotoTags:
        return read_tags(self._files[index])

    def close(self) -> None:
        pass


def _upright(picture: av.VideoFrame, orientation: int, stamp: Stamp, repeated: bool) -> Frame:
    color = color_of(picture, None)
    read = ColourReader(color, picture.height)
    turns = turns_of(exif_matrix(orientation))
    if turns == (0, False):
        return Frame(None, stamp, color, source=picture, repeated=repeated, read=read)
    rgb, alpha = read(picture)
    alpha = None if alpha is None else turned(alpha, *turns)
    return Frame(turned(rgb, *turns), stamp, color, alpha, source=picture, repeated=repeated)
