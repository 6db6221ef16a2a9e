"""Styles that clients may have."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from vidstyle.errors import StyleError
from vidstyle.styles import Imagined, builtin_styles, find_style, parse_style
from vidstyle.stylizers import Stylebook, StyleCode, Stylizer

__all__ = ["ClientStyles"]


class ClientStyles:
    """Finds styles as clients write them, and encodes them. For one thread.

    folders: where style pictures may lie, besides the built-in ones.
    """

    def __init__(self, stylizer: Stylizer, folders: Iterable[Path]) -> None:
        self._stylizer = stylizer
        self._folders = [folder.resolve() for folder in folders]
        self._book = Stylebook(stylizer)

    def code(self, style: str) -> StyleCode:
        """Of pictures with weights as a client wrote them, joined by tabs; the same object for the same style.

        VidstyleError where one cannot be read, or may not be.
        """
        if self._stylizer.fixed_style:
            return self._book.code(())
        given = [parse_style(part) for part in style.split("\t") if part]
        return self._book.code((self._found(name), weight) for name, weight in given)

    def any(self) -> StyleCode:
        """Some style, where it does not matter which."""
        return self.code("0" if self._stylizer.net.styles else next(iter(builtin_styles()), ""))

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
