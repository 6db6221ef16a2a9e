"""Both ends of a pipe as FFmpeg's readers and writers take them: in order, without seeking, and never stuck.

Waiting for the other side is interrupted by `stop`, from any thread. FFmpeg lets no interrupt through: what comes while
it reads or writes is kept in `interrupt`, and the call fails.
"""

from __future__ import annotations

import errno
import os
import select
import stat
import sys
from pathlib import Path

from vidstyle.errors import InputError, OutputError

__all__ = ["PipeIn", "PipeOut"]

CHUNK = 1 << 16
"""Bytes that a pipe hands over at once."""


class _End:
    name: str

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.interrupt: BaseException | None = None
        self._woken, self._wake = os.pipe()
        if sys.platform == "win32":
            import msvcrt

            msvcrt.setmode(descriptor, os.O_BINARY)  # type: ignore[attr-defined]

    def stop(self) -> None:
        """End all waiting, now and later."""
        os.write(self._wake, b"x")

    def close(self) -> None:
        for descriptor in (self._woken, self._wake):
            os.close(descriptor)

    def _wait(self, read: bool) -> None:
        """Until the other side has done its part; on Windows, where only sockets can be waited for, not at all."""
        if sys.platform == "win32":
            return
        mine, none = [self._descriptor], list[int]()
        ready, _, _ = select.select([self._woken, *(mine if read else none)], none if read else mine, [])
        if self._woken in ready:
            raise OSError(errno.EINTR, "interrupted")

    def check(self) -> None:
        """Raise what came while FFmpeg was reading or writing."""
        if self.interrupt is not None:
            raise self.interrupt


class PipeIn(_End):
    """What comes out of a pipe. InputError where nobody could have put video into it."""

    name = "standard input"

    def __init__(self, descriptor: int) -> None:
        try:
            mode = os.fstat(descriptor).st_mode
        except OSError:
            raise InputError(f"{self.name} is closed; give video to it, as in: ffmpeg -i in.mp4 -f nut - |") from None
        if os.isatty(descriptor) or stat.S_ISDIR(mode):
            raise InputError(f"{self.name} is no pipe; give video to it, as in: ffmpeg -i in.mp4 -f nut - |")
        super().__init__(descriptor)
        self.total = 0
        """Bytes that `read` has handed out."""
        self.ended = False
        self._head = b""
        self._recent = b""

    def peek(self, size: int) -> bytes:
        """The first `size` bytes, fewer where there are no more; `read` hands them out again."""
        while len(self._head) < size and (more := self._read(size - len(self._head))):
            self._head += more
        return self._head[:size]

    def read(self, size: int) -> bytes:
        """What has come, at most `size` bytes; waits for some, and is empty at the end."""
        try:
            found, self._head = self._head[:size], self._head[size:]
            found = found or self._read(min(size, CHUNK))
        except OSError:
            raise
        except BaseException as interrupt:
            self.interrupt = interrupt
            raise OSError(errno.EINTR, "interrupted") from None
        self.total += len(found)
        self.ended = not found
        self._recent = (self._recent + found)[-CHUNK:]
        return found

    def since(self, offset: int) -> bytes | None:
        """The bytes from `offset` on that were handed out; None where too many came after it to know."""
        first = self.total - len(self._recent)
        return None if offset < first else self._recent[offset - first :]

    def _read(self, size: int) -> bytes:
        self._wait(read=True)
        return os.read(self._descriptor, size)


class PipeOut(_End):
    """What goes into a pipe, at once. OutputError where it is a terminal."""

    name = "standard output"

    def __init__(self, descriptor: int) -> None:
        if os.isatty(descriptor):
            raise OutputError(f"{self.name} is a terminal; hand it on, as in: | ffmpeg -i - out.mp4")
        super().__init__(descriptor)
        self.path = self.target = Path(self.name)
        self.gone = False
        """Whether nobody reads any more."""
        if sys.platform != "win32":
            self._blocking = os.get_blocking(descriptor)
            os.set_blocking(descriptor, False)  # so that only `_wait` waits

    def write(self, data: bytes | memoryview) -> int:
        """Hand over all of `data`. OSError, with `gone` set where nobody reads any more."""
        view = memoryview(data)
        try:
            while view:
                self._wait(read=False)
                try:
                    view = view[os.write(self._descriptor, view) :]
                except BlockingIOError:
                    continue
        except OSError as error:
            self.gone = self.gone or error.errno in (errno.EPIPE, errno.ECONNRESET)
            raise
        except BaseException as interrupt:
            self.interrupt = interrupt
            raise OSError(errno.EINTR, "interrupted") from None
        return len(data)

    def commit(self) -> None:
        """Nothing to do: what was written is there."""

    def discard(self) -> None:
        """Nothing to do: what was written is gone."""

    def close(self) -> None:
        super().close()
        if sys.platform != "win32":
            os.set_blocking(self._descriptor, self._blocking)
