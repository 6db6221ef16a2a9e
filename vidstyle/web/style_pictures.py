"""Style pictures that were sent: decoded once, kept small, under names that nobody can guess."""

from __future__ import annotations

import asyncio
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

from vidstyle.errors import StyleError
from vidstyle.styles import builtin_styles

__all__ = ["StylePictures"]

KEPT = 64
"""Pictures; the one that was not used for longest goes first."""
PATIENCE = 30
"""Seconds that a picture may take."""
AT_ONCE = 2
"""Pictures that are decoded at once."""


class StylePictures:
    """Each in a folder of its own."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Path] = OrderedDict()
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def add(self, sent: Path) -> str:
        """What a picture, the only file in its folder, is called from now on. StyleError for what is none."""
        kept = sent.with_name("style.png")
        async with self._turns:
            await _decode(sent, kept)
        sent.unlink()
        name = f"sent-{sent.parent.name}"
        self._kept[name] = kept
        while len(self._kept) > KEPT:
            _, oldest = self._kept.popitem(last=False)
            shutil.rmtree(oldest.parent, ignore_errors=True)
        return name

    def find(self, name: str) -> str:
        """A picture's path, or the name of a built-in style. StyleError for any other name."""
        if name in self._kept:
            self._kept.move_to_end(name)
            return str(self._kept[name])
        if name in builtin_styles():
            return name
        raise StyleError("that style is not here any more; send its picture again")


async def _decode(sent: Path, kept: Path) -> None:
    command = (sys.executable, "-m", "vidstyle.web.picture", str(sent), str(kept))
    process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL)
    try:
        said, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    except asyncio.TimeoutError:
        raise StyleError("that picture takes too long to read; scale it down") from None
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if process.returncode:
        text = said.decode("utf-8", "replace").strip().replace(str(sent), "that picture")
        raise StyleError(text or "that picture cannot be read")
