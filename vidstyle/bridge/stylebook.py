"""Styles, read and encoded beside the painting, and kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue

from vidstyle.errors import StyleError, VidstyleError
from vidstyle.styles import Imagined, builtin_styles, find_style, parse_style
from vidstyle.stylizers import StyleCode, Stylizer

__all__ = ["Stylebook"]

KEPT = 64
"""Styles that are kept encoded; a code has a few thousand numbers."""
MOST = 16
"""Pictures that are mixed to one style."""

Key = tuple[tuple[str, int, int, float], ...]
"""Of every picture: what it is, when it changed, its bytes, its weight."""


class Stylebook:
    """Encodes styles one after the other on a thread of its own, at full strength.

    folders: where style pictures may lie, besides the built-in ones. `woken` is called, on that thread, when a style
    is ready.
    """

    def __init__(self, stylizer: Stylizer, folders: Iterable[Path], woken: Callable[[], None]) -> None:
        self._stylizer = stylizer
        self._folders = [folder.resolve() for folder in folders]
        self._woken = woken
        self._codes: OrderedDict[Key, StyleCode] = OrderedDict()
        self._asked: SimpleQueue[tuple[str, Future[StyleCode]] | None] = SimpleQueue()
        # A daemon: a picture on a drive that does not answer must not keep the engine from ending.
        threading.Thread(target=self._work, name="styles", daemon=True).start()

    def ask(self, style: str) -> Future[StyleCode]:
        """The code of a style as a client wrote it: pictures and weights, joined by tabs. VidstyleError in it where it
        cannot be read."""
        future: Future[StyleCode] = Future()
        self._asked.put((style, future))
        return future

    def close(self) -> None:
        """No more is asked."""
        self._asked.put(None)

    def _work(self) -> None:
        while asked := self._asked.get():
            style, future = asked
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(self._encoded(style))
            except Exception as error:
                future.set_exception(error)
            self._woken()

    def _encoded(self, style: str) -> StyleCode:
        if self._stylizer.fixed_style:
            return self._stylizer.encode_style(None)
        given = [parse_style(part) for part in style.split("\t") if part]
        if len(given) > MOST:
            raise StyleError(f"{len(given)} pictures in one style; give {MOST} at most")
        found = [(self._found(name), weight) for name, weight in given]
        key = tuple((name, *_state(name), weight) for name, weight in found)
        if key not in self._codes:
            self._codes[key] = self._stylizer.encode_style(found)
            if len(self._codes) > KEPT:
                self._codes.popitem(last=False)
        self._codes.move_to_end(key)
        return self._codes[key]

    def _found(self, name: str) -> str:
        """The name of a built-in style, or a picture's own path, without links. StyleError outside the folders."""
        if self._stylizer.net.styles:
            return name
        if imagined := Imagined.parse(name):
            if imagined.file:
                self._allow(Path(imagined.file))
            return name
        if name in builtin_styles():
            return name
        if not Path(name).is_absolute():
            return str(find_style(name) and self._allow(Path(name).absolute()))
        return str(self._allow(Path(name)))

    def _allow(self, path: Path) -> Path:
        try:
            real = path.resolve()
        except (OSError, RuntimeError, ValueError):
            raise StyleError(f"{path} cannot be found") from None
        if not any(real.is_relative_to(folder) for folder in self._folders):
            raise StyleError(f"{path} lies outside the folders that the engine reads; start it with --styles DIR")
        if not real.is_file():
            raise StyleError(f"{path} is no picture file")
        return real


def _state(name: str) -> tuple[int, int]:
    """When a file changed, in nanoseconds, and its bytes; zeros for a name."""
    try:
        found = Path(name).stat()
    except (OSError, ValueError):
        return 0, 0
    return found.st_mtime_ns, found.st_size


def failure(error: BaseException) -> str:
    """One line for the client."""
    return str(error) if isinstance(error, VidstyleError) else f"the style cannot be used: {type(error).__name__}"
