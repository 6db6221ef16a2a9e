"""A window, in a process of its own: what happens to it does not happen to us."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from vidstyle.child import start_child
from vidstyle.errors import OutputError

__all__ = ["WindowSink"]

CHILD = Path(__file__).with_name("window_child.py")


class WindowSink:
    """A picture counts as shown when the child says so. Silent. on_key: gets the keys that are pressed there."""

    connected = True

    def __init__(self, size: tuple[int, int], on_key: Callable[[str], None]) -> None:
        self._size, self._on_key = size, on_key
        self._said = tempfile.TemporaryFile()  # noqa: SIM115
        self._child = start_child(CHILD, self._said)
        self._write(b"%d %d\n" % size)
        if self._read() != b"\0":
            self.abort()
            self._said.seek(0)
            said = self._said.read().decode(errors="replace").strip().splitlines() or ["it ended"]
            raise OutputError(f"no window can be opened: {said[-1]}")

    def show(self, rgb: np.ndarray, seconds: float) -> None:
        self._write(rgb.tobytes())
        while (said := self._read()) != b"\0":
            if not said:
                raise OutputError("the window was closed")
            self._on_key(said.decode("ascii", "ignore"))

    def hear(self, samples: np.ndarray, seconds: float) -> None:
        """A window has no sound."""

    def close(self) -> None:
        self.abort()

    def abort(self) -> None:
        with suppress(OSError):
            assert self._child.stdin is not None
            self._child.stdin.close()
        try:
            self._child.wait(2)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _write(self, data: bytes) -> None:
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(data)
            self._child.stdin.flush()
        except OSError:
            raise OutputError("the window was closed") from None

    def _read(self) -> bytes:
        assert self._child.stdout is not None
        return self._child.stdout.read(1)
