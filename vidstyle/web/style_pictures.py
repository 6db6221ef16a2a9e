"""Style pictures that were sent: decoded once, kept small, under names that nobody can guess."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterable, Callable
from pathlib import Path

from PIL import Image

from vidstyle.errors import StyleError
from vidstyle.frames import MAX_PIXELS
from vidstyle.pictures import load_image
from vidstyle.styles import builtin_styles

__all__ = ["StylePictures"]

KEPT = 64
"""Pictures; the one that was not used for longest goes first."""
SIDE = 1024
"""Pixels of the longer side that are kept: more than any model looks at."""


class StylePictures:
    """In a folder that `folder` makes when the first one comes."""

    def __init__(self, folder: Callable[[], Path], max_bytes: int, max_pixels: int = MAX_PIXELS) -> None:
        self._make, self._max_bytes, self._max_pixels = folder, max_bytes, max_pixels
        self._folder: Path | None = None
        self._kept: OrderedDict[str, Path] = OrderedDict()
        self._busy = asyncio.Semaphore(1)

    async def add(self, body: AsyncIterable[bytes]) -> str:
        """What the picture is called from now on. OverflowError for too many bytes, StyleError for no picture."""
        data = bytearray()
        async for chunk in body:
            data += chunk
            if len(data) > self._max_bytes:
                raise OverflowError
        async with self._busy:
            name, path = await asyncio.get_running_loop().run_in_executor(None, self._store, bytes(data))
        self._kept[name] = path
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)[1].unlink(missing_ok=True)
        return name

    def find(self, name: str) -> str:
        """A picture's path, or the name of a built-in style. StyleError for any other name."""
        if name in self._kept:
            self._kept.move_to_end(name)
            return str(self._kept[name])
        if name in builtin_styles():
            return name
        raise StyleError("that style is not here any more; send its picture again")

    def _store(self, data: bytes) -> tuple[str, Path]:
        if self._folder is None:
            self._folder = self._make()
        name = f"sent-{secrets.token_hex(16)}"
        sent, kept = self._folder / f"{name}.sent", self._folder / f"{name}.png"
        try:
            sent.write_bytes(data)
            picture = Image.fromarray(load_image(sent, max_pixels=self._max_pixels, enough=SIDE))
        except StyleError as error:
            raise StyleError(str(error).replace(str(sent), "that picture")) from None
        finally:
            sent.unlink(missing_ok=True)
        picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        picture.save(kept)
        return name, kept
