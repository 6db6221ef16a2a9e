"""Animated WebP, in: FFmpeg writes it but does not read it, so Pillow does."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from vidstyle.errors import InputError
from vidstyle.frames import MAX_PIXELS, ColorSpec, Frame
from vidstyle.media.colour import ColourReader
from vidstyle.media.containers import check_pixels
from vidstyle.media.notes import Note, Notes
from vidstyle.media.source import Source, SourceInfo
from vidstyle.media.stamps import FrameClock, first_tick

__all__ = ["WebpSource"]

MILLISECOND = Fraction(1, 1000)


class WebpSource(Source):
    """An animated WebP file as a clip; `start` and `end` as for any clip."""

    def __init__(
        self,
        path: Path,
        *,
        start: Fraction | None = None,
        end: Fraction | None = None,
        max_pixels: int = MAX_PIXELS,
        note: Note | None = None,
    ) -> None:
        self.notes = Notes(note)
        try:
            self._image = Image.open(path)
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            raise InputError(f"{path} cannot be read: {error}") from None
        size = self._image.size
        check_pixels(path, *size, max_pixels)
        self._low = 0 if start is None else first_tick(start, MILLISECOND)
        self._high = None if end is None else first_tick(end, MILLISECOND)
        self._cut = start is not None
        self.info = SourceInfo(
            path=str(path),
            size=size,
            time_base=MILLISECOND,
            rate=None,
            frames=getattr(self._image, "n_frames", None),
            duration=None,
            color=ColorSpec(full_range=True),
            depth=8,
            has_alpha=self._image.mode == "RGBA",
            pix_fmt="rgba" if self._image.mode == "RGBA" else "rgb24",
            codec="webp",
            color_is_rgb=True,
        )

    def __iter__(self) -> Iterator[Frame]:
        info = self.info
        clock, read = FrameClock(info.time_base, info.rate, self.notes), ColourReader(info.color, info.size[1])
        now, shift = 0, None
        for index in range(info.frames or 1):
            try:
                self._image.seek(index)
                pixels = np.array(self._image.convert("RGBA" if info.has_alpha else "RGB"))
            except (OSError, EOFError, SyntaxError):
                self.notes(f"the file ends early, after {index} frames")
                return
            duration = int(self._image.info.get("duration", 0))
            at, now = now, now + duration
            if at < self._low:
                continue
            if self._high is not None and at >= self._high:
                return
            shift = (at if self._cut else 0) if shift is None else shift
            source = av.VideoFrame.from_ndarray(pixels, format=info.pix_fmt)
            yield Frame(None, clock.stamp(at - shift, duration), info.color, source=source, read=read)

    def close(self) -> None:
        self._image.close()
