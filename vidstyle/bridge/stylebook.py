"""Styles that clients may have: found, encoded, and kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path

from vidstyle.errors import StyleError
from vidstyle.nets.protocol import mix
from vidstyle.styles import Imagined, Style, builtin_styles, find_style, parse_style
from vidstyle.stylizers import StyleCode, Stylizer

__all__ = ["Stylebook"]

KEPT = 256
"""Styles that are kept encoded; brisk's have some two thousand numbers."""
MOST = 16
"""Pictures that are mixed to one style."""

Picture = tuple[str, int, int]
"""A style picture as it was when it was read: its name or path, when it changed in nanoseconds, its bytes."""
Key = tuple[tuple[Picture, float], ...]


class Stylebook:
    """Encodes styles at full strength; what stays as it was is encoded once. For one thread.

    folders: where style pictures may lie, besides the built-in ones.
    """

    def __init__(self, stylizer: Stylizer, folders: Iterable[Path]) -> None:
        self._stylizer = stylizer
        self._folders = [folder.resolve() for folder in folders]
        self._codes: OrderedDict[Key, StyleCode] = OrderedDict()

    def code(self, style: str) -> StyleCode:
        """Of pictures with weights as a client wrote them, joined by tabs; the same object for the same style.

        VidstyleError where one cannot be read, or may not be.
        """
        if self._stylizer.fixed_style:
            return self._kept(())
        given = [parse_style(part) for part in style.split("\t") if part]
        if not 1 <= len(given) <= MOST:
            raise StyleError(f"a style of {len(given)} pictures; give 1 to {MOST}")
        found = [_now(self._found(name)) for name, _ in given]
        # Checks the weights, and scales them to sum to one.
        weights = [weight for _, weight in Style(tuple((Path(), weight) for _, weight in given)).images]
        return self._kept(tuple(zip(found, weights, strict=True)))

    def _kept(self, key: Key) -> StyleCode:
        if key not in self._codes:
            self._codes[key] = self._encoded(key)
            if len(self._codes) > KEPT:
                self._codes.popitem(last=False)
        self._codes.move_to_end(key)
        return self._codes[key]

    def _encoded(self, key: Key) -> StyleCode:
        if len(key) < 2:
            return self._stylizer.encode_style(key[0][0][0] if key else None)
        # Pictures are encoded one by one, so that other weights cost nothing.
        codes = [self._kept(((picture, 1.0),)).tensors for picture, _ in key]
        return StyleCode(mix(codes, [weight for _, weight in key]))

    def _found(self, name: str) -> str:
        """A picture's own path, without links, or what is no file. StyleError outside the folders."""
        if self._stylizer.net.styles:
            return name
        if built_in := builtin_styles().get(name):
            return str(built_in)
        if imagined := Imagined.parse(name):
            if imagined.file:
                self._allowed(Path(imagined.file))
            return name
        if not Path(name).is_absolute():
            find_style(name)  # says which name may be meant
            raise StyleError(f"the engine does not know where {name} lies; give its whole path")
        return str(self._allowed(Path(name)))

    def _allowed(self, path: Path) -> Path:
        try:
            real = path.resolve()
        except (OSError, RuntimeError, ValueError):
            raise StyleError(f"{path} cannot be found") from None
        if not any(real.is_relative_to(folder) for folder in self._folders):
            raise StyleError(f"{path} lies outside the folders that the engine reads; start it with --styles DIR")
        if not real.is_file():
            raise StyleError(f"{path} is no picture; check the name")
        return real


def _now(name: str) -> Picture:
    """A name has no time and no bytes."""
    try:
        found = Path(name).stat()
    except (OSError, ValueError):
        return name, 0, 0
    return name, found.st_mtime_ns, found.st_size
