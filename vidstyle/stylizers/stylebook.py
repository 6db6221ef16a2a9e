"""Styles that were encoded, kept for when they are asked for again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path

from vidstyle.errors import StyleError
from vidstyle.nets.protocol import mix
from vidstyle.styles import Style

from .code import StyleCode
from .painter import Painter

__all__ = ["Stylebook"]

KEPT = 256
"""Styles that are kept encoded; brisk's have some two thousand numbers."""
MOST = 16
"""Pictures that are mixed to one style."""

Picture = tuple[str, int, int]
"""A style picture as it was when it was read: its name or path, when it changed in nanoseconds, its bytes."""
Key = tuple[tuple[Picture, float], ...]


class Stylebook:
    """Encodes styles at full strength; what stays as it was is encoded once. For one thread."""

    def __init__(self, painter: Painter) -> None:
        self._painter = painter
        self._codes: OrderedDict[Key, StyleCode] = OrderedDict()

    def code(self, styles: Iterable[tuple[str, float]]) -> StyleCode:
        """Of pictures (their names or paths) with weights; the same object for the same style.

        VidstyleError where one cannot be read, or the weights make no sense.
        """
        if self._painter.fixed_style:
            return self._kept(())
        given = list(styles)
        if not 1 <= len(given) <= MOST:
            raise StyleError(f"a style of {len(given)} pictures; give 1 to {MOST}")
        # Checks the weights, and scales them to sum to one.
        weights = [weight for _, weight in Style(tuple((Path(), weight) for _, weight in given)).images]
        return self._kept(tuple(zip([_now(name) for name, _ in given], weights, strict=True)))

    def _kept(self, key: Key) -> StyleCode:
        if key not in self._codes:
            self._codes[key] = self._encoded(key)
            if len(self._codes) > KEPT:
                self._codes.popitem(last=False)
        self._codes.move_to_end(key)
        return self._codes[key]

    def _encoded(self, key: Key) -> StyleCode:
        if len(key) < 2:
            return self._painter.encode_style(key[0][0][0] if key else None)
        # Pictures are encoded one by one, so that other weights cost nothing.
        codes = [self._kept(((picture, 1.0),)).tensors for picture, _ in key]
        return StyleCode(mix(codes, [weight for _, weight in key]))


def _now(name: str) -> Picture:
    """A name has no time and no bytes."""
    try:
        found = Path(name).stat()
    except (OSError, ValueError):
        return name, 0, 0
    return name, found.st_mtime_ns, found.st_size
