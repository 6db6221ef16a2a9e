"""The sizes of frames that were painted last, kept for the next start of the engine."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from vidstyle.errors import VidstyleError
from vidstyle.staging import StagedFile

__all__ = ["Lately", "Size"]

Size = tuple[int, int]
"""(width, height)"""

LARGEST = 4096
"""Bytes of the file that are looked at."""


class Lately:
    """A file of sizes, the last one first; it need not be there, nor make sense, nor can it always be written."""

    def __init__(self, file: Path, most: int) -> None:
        self._file, self._most = file, most

    def sizes(self) -> list[Size]:
        try:
            with self._file.open("rb") as file:
                found = json.loads(file.read(LARGEST))
        except (OSError, ValueError, RecursionError):
            return []
        pairs = found if isinstance(found, list) else []
        return [(pair[0], pair[1]) for pair in pairs if _is_size(pair)][: self._most]

    def note(self, size: Size) -> None:
        """Put a size in front."""
        before = self.sizes()
        if before[:1] == [size]:
            return
        after = [size, *(other for other in before if other != size)][: self._most]
        with suppress(OSError, VidstyleError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with StagedFile(self._file, overwrite=True) as staged:
                staged.path.write_text(json.dumps(after))


def _is_size(pair: object) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(type(side) is int and side > 0 for side in pair)
