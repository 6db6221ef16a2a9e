"""Pictures, out: one file, or a folder of numbered ones."""

from __future__ import annotations

import re
from pathlib import Path

import av
import cv2
import numpy as np
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext

from vidstyle.errors import OptionError, OutputError
from vidstyle.frames import Frame
from vidstyle.media.clip_sink import written_color
from vidstyle.media.colour import ColourWriter
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
from vidstyle.media.notes import Note, Notes
from vidstyle.media.sink import Sink
from vidstyle.media.source import Source
from vidstyle.media.staging import StagedFile, StagedFolder, output_error
from vidstyle.media.stamps import DEFAULT_RATE

__all__ = ["PATTERN", "ImageSink"]

PATTERN = re.compile(r"%0?\d*d")
DEFAULT_NAME = "%06d.png"


class ImageSink(Sink):
    """Writes each frame as a picture of its own, upright; numbers start at 1 unless the source has file names."""

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
        self._info, self._settings = info, encoder
        self._turns = turns_of(info.display_matrix)
        size = size or info.size
        self._size = (size[1], size[0]) if self._turns[0] % 2 else size
        single = path.suffix.lower() in STILLS and not PATTERN.search(path.name)
        if single and not info.still:
            raise OutputError(f"{path} holds one picture, the input is a clip; use a name such as out/%05d.png")
        name = path.name if single or PATTERN.search(path.name) else DEFAULT_NAME
        suffix = Path(name).suffix.lower()
        if suffix not in STILLS:
            raise OutputError(f"{path} cannot be written: pictures end in {' '.join(STILLS)}")
        codec = find_codec(STILLS[suffix])
        if encoder.codec is not None and find_codec(_still_codec(encoder.codec)).canonical_name != codec.canonical_name:
            raise OptionError(f"{name} is written by {codec.name}; leave --codec out or change the ending")
        self._codec = codec
        self._pix_fmt = choose_pix_fmt(codec, encoder, info, self._size, self.notes)
        self._color = written_color(info, self._pix_fmt)
        self._paint = ColourWriter(self._pix_fmt, self._color, info.size[1])
        self._name, self._suffix, self._single, self._count = name, suffix, single, 0
        self._names = source.names if not PATTERN.search(path.name) else None
        folder = path.parent if PATTERN.search(path.name) else path
        self._staged = StagedFile(path, overwrite) if single else StagedFolder(folder, overwrite)

    def write(self, frame: Frame) -> None:
        rgb, alpha = turned(frame.rgb, *self._turns), frame.alpha
        alpha = None if alpha is None else turned(alpha, *self._turns)
        picture = self._paint.from_rgb(self._sized(rgb), None if alpha is None else self._sized(alpha))
        picture.pts, picture.pict_type = 0, 0
        context = self._encoder()
        data = b"".join(bytes(p) for p in [*context.encode(picture), *context.encode(None)])
        target = self._staged.path if self._single else self._staged.path / self._next_name()
        self._count += 1
        try:
            target.write_bytes(data)
        except OSError as error:
            raise output_error(self._staged.target, error) from None

    def _sized(self, pixels: np.ndarray) -> np.ndarray:
        if (pixels.shape[1], pixels.shape[0]) == self._size:
            return pixels
        return cv2.resize(pixels, self._size, interpolation=cv2.INTER_AREA)

    def _next_name(self) -> str:
        if self._names and self._count < len(self._names):
            return Path(self._names[self._count]).stem + self._suffix
        return self._name % (self._count + 1)

    def _encoder(self) -> VideoCodecContext:
        context = av.CodecContext.create(self._codec, "w")
        assert isinstance(context, VideoCodecContext)
        context.width, context.height = self._size
        context.pix_fmt, context.time_base = self._pix_fmt, self._info.time_base
        context.framerate = DEFAULT_RATE
        context.color_range = 2 if self._color.full_range else 1
        context.color_primaries, context.color_trc = self._color.primaries, self._color.transfer
        context.sample_aspect_ratio = self._info.sar
        context.options = encoder_options(context, self._settings, self._pix_fmt)
        if self._codec.name == "mjpeg":
            context.flags |= Flags.qscale
        open_encoder(context)
        return context

    def commit(self) -> None:
        if not self._count:
            raise OutputError(f"{self._staged.target} was not written: there were no frames")
        self._staged.commit()

    def abort(self) -> None:
        self._staged.discard()


def _still_codec(name: str) -> str:
    return {"jpg": "mjpeg", "jpeg": "mjpeg", "webp": "libwebp"}.get(name.lower(), name)
