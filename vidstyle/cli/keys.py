"""Keys pressed in the terminal, one by one."""

from __future__ import annotations

import os
import select
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["keys"]

ARROWS = {"\x1b[A": "+", "\x1b[B": "-"}


@contextmanager
def keys(pressed: Callable[[str], None]) -> Iterator[bool]:
    """Call `pressed` for every key meanwhile, on a thread; yields whether there is a keyboard."""
    if not (sys.stdin and sys.stdin.isatty()):
        yield False
    elif sys.platform == "win32":
        yield from _listening(_windows, pressed)
    else:
        import termios
        import tty

        before = termios.tcgetattr(0)
        # Ctrl-C stays what it is.
        tty.setcbreak(0)
        try:
            yield from _listening(_posix, pressed)
        finally:
            termios.tcsetattr(0, termios.TCSADRAIN, before)


def _listening(read: Callable[[], str], pressed: Callable[[str], None]) -> Iterator[bool]:
    stopped = threading.Event()

    def listen() -> None:
        while not stopped.is_set():
            if key := read():
                pressed(ARROWS.get(key, key))

    thread = threading.Thread(target=listen, name="keys", daemon=True)
    thread.start()
    try:
        yield True
    finally:
        stopped.set()
        thread.join(1.0)


def _posix() -> str:
    """A key, or nothing for a moment."""
    if not select.select([0], [], [], 0.2)[0]:
        return ""
    # What an arrow sends comes in one piece.
    return os.read(0, 8).decode(errors="ignore")


def _windows() -> str:
    import msvcrt
    import time

    if not msvcrt.kbhit():  # type: ignore[attr-defined]
        time.sleep(0.1)
        return ""
    key = msvcrt.getwch()  # type: ignore[attr-defined]
    return {"H": "+", "P": "-"}.get(msvcrt.getwch(), "") if key in "\0\xe0" else key  # type: ignore[attr-defined]
