"""Pictures, out: one file, or a folder of numbered ones."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import av
import cv2
import numpy as np
from av.codec import Codec
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext

from vidstyle.errors import OptionError, OutputError
from vidstyle.frames import ColorSpec, Frame
from vidstyle.media.colour import ColourWriter, written_color
from vidstyle.media.display import turned, turns_of
from vidstyle.media.encoders import (
    DEFAULT_SETTINGS,
    EncoderSettings,
    choose_pix_fmt,
    encoder_options,
    find_codec,
    open_encoder,
)
from vidstyle.media.formats import STILLS
from vidstyle.media.image_source import traits
from vidstyle.media.notes import Note, Notes
from vidstyle.media.photo_tags import tagged
from vidstyle.media.sink import Sink
from vidstyle.media.source import Source, SourceInfo
from vidstyle.media.stamps import DEFAULT_RATE
from vidstyle.staging import StagedFile, StagedFolder, output_error

__all__ = ["PATTERN", "ImageSink"]

PATTERN = re.compile(r"%0?\d*d")
DEFAULT_NAME = "%06d"
ENDING_OF = {"png": ".png", "mjpeg": ".jpg", "libwebp": ".webp", "tiff": ".tif", "bmp": ".bmp"}


@dataclass(frozen=True, slots=True)
class _Look:
    """How pictures of one kind are written."""

    codec: Codec
    size: tuple[int, int]
    color: ColorSpec
    paint: ColourWriter


class ImageSink(Sink):
    """Writes each frame as a picture of its own, upright.

    The pictures of a folder keep their names, sizes, depths and, where it can be written, their format; the frames of
    a clip are numbered from 1.
    """

    def __init__(
        self,
        path: Path,
        source: Source,
        *,
        size: tuple[int, int] | None = None,
        encoder: EncoderSettings = DEFAULT_SETTINGS,
        overwrite: bool = True,
        note: Note | None = None,
    ) -> None:
        self.notes = Notes(note)
        info = source.info
        self._source, self._info, self._settings = source, info, encoder
        self._turns = turns_of(info.display_matrix)
        size = size or info.size
        self._size = (size[1], size[0]) if self._turns[0] % 2 else size
        self._pattern = path.name if PATTERN.search(path.name) and not info.still else None
        single = path.suffix.lower() in STILLS and not self._pattern
        if single and not info.still:
            raise OutputError(f"{path} holds one picture, the input is a clip; use a name such as out/%05d.png")
        if not info.still and source.names is None:
            hint = "" if self._pattern else "; for a clip give a file name with an ending such as .mp4"
            self.notes(f"{path} gets numbered pictures, which hold neither sound nor times{hint}")
        self._single = path.name if single else None
        self._names = source.names if not single and not self._pattern else None
        self._taken: set[str] = set()
        self._count = 0
        self._looks: dict[tuple[str, SourceInfo, tuple[int, int]], _Look] = {}
        first = self._name_of(0)
        self._look(Path(first).suffix.lower(), info, self._size)  # settings that make no sense are found here
        self._staged = StagedFile(path, overwrite) if single else StagedFolder(self._folder(path), overwrite)

    def _folder(self, path: Path) -> Path:
        return path.parent if self._pattern else path

    def _look(self, ending: str, info: SourceInfo, size: tuple[int, int]) -> _Look:
        known = self._looks.get((ending, info, size))
        if known is not None:
            return known
        codec, asked = find_codec(STILLS[ending]), self._settings.codec
        if asked is not None and find_codec(_still_codec(asked)).canonical_name != codec.canonical_name:
            raise OptionError(f"{ending} pictures are written by {codec.name}; leave --codec out or change the ending")
        pix_fmt = choose_pix_fmt(codec, self._settings, info, size, self.notes)
        color = written_color(info, pix_fmt)
        look = _Look(codec, size, color, ColourWriter(pix_fmt, color, info.size[1]))
        self._looks = {(ending, info, size): look}  # one is enough: kinds seldom alternate
        return look

    def write(self, frame: Frame) -> None:
        rgb, alpha = turned(frame.rgb, *self._turns), frame.alpha
        alpha = None if alpha is None else turned(alpha, *self._turns)
        info, size = self._info, self._size
        if self._names is not None and frame.source is not None:
            size = rgb.shape[1], rgb.shape[0]
            info = replace(info, size=size, **asdict(traits(frame.source)) | {"color": frame.color})
        name = self._name_of(self._count)
        look = self._look(Path(name).suffix.lower(), info, size)
        picture = look.paint.from_rgb(_sized(rgb, size), None if alpha is None else _sized(alpha, size))
        picture.pts, picture.pict_type = 0, 0
        context = self._encoder(look)
        data = b"".join(bytes(p) for p in [*context.encode(picture), *context.encode(None)])
        data = self._tagged(data, frame.stamp.index, Path(name).suffix)
        target = self._staged.path if self._single else self._staged.path / name
        self._taken.add(name)
        self._count += 1
        try:
            target.write_bytes(data)
        except OSError as error:
            raise output_error(self._staged.target, error) from None

    def _tagged(self, data: bytes, index: int, ending: str) -> bytes:
        data, lost = tagged(data, self._source.tags(index))
        if str(lost):
            self.notes(f"{lost} left out: {ending} pictures are written without; .jpg and .png keep what fits RGB")
        return data

    def _name_of(self, index: int) -> str:
        if self._single:
            return self._single
        if self._pattern:
            return PATTERN.sub(lambda number: number[0] % (index + 1), self._pattern, count=1)
        asked = self._settings.codec
        forced = None if asked is None else ENDING_OF.get(find_codec(_still_codec(asked)).name, ".png")
        if self._names is None or index >= len(self._names):
            return DEFAULT_NAME % (index + 1) + (forced or ".png")
        own = Path(self._names[index])
        ending = forced or (own.suffix if own.suffix.lower() in STILLS else ".png")
        name = own.stem + ending
        return own.name + ending if name in self._taken else name  # a.exr beside a.png

    def _encoder(self, look: _Look) -> VideoCodecContext:
        context = av.CodecContext.create(look.codec, "w")
        assert isinstance(context, VideoCodecContext)
        pix_fmt = look.paint.format.name
        context.width, context.height = look.size
        context.pix_fmt, context.time_base = pix_fmt, self._info.time_base
        context.framerate = DEFAULT_RATE
        context.color_range = 2 if look.color.full_range else 1
        context.color_primaries, context.color_trc = look.color.primaries, look.color.transfer
        context.sample_aspect_ratio = self._info.sar
        context.options = encoder_options(context, self._settings, pix_fmt)
        if look.codec.name == "mjpeg":
            context.flags |= Flags.qscale
        open_encoder(context)
        return context

    def commit(self) -> None:
        if not self._count:
            raise OutputError(f"{self._staged.target} was not written: there were no frames")
        self._staged.commit()

    def abort(self) -> None:
        self._staged.discard()


def _sized(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if (pixels.shape[1], pixels.shape[0]) == size:
        return pixels
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def _still_codec(name: str) -> str:
    return {"jpg": "mjpeg", "jpeg": "mjpeg", "webp": "libwebp"}.get(name.lower(), name)
