"""Where files are kept while the server runs: a folder of its own, with a folder of a random name for every job."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from vidstyle.errors import OptionError

__all__ = ["Place"]

PREFIX = "vidstyle-web-"
LOCK = "lock"


class Place:
    """Made on entry, gone with everything in it on `close`. What a killed server left behind goes as well."""

    def __init__(self, parent: Path | None = None) -> None:
        parent = parent or Path(tempfile.gettempdir())
        if not parent.is_dir():
            raise OptionError(f"{parent} is no folder; make it first, or give another --folder")
        for old in parent.glob(f"{PREFIX}*"):
            _remove_if_left(old)
        try:
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
            self._lock = os.open(self.path / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise OptionError(f"{parent} cannot be written to: {error.strerror}; give another --folder") from None
        _lock(self._lock)

    def folder(self) -> Path:
        """A new one."""
        path = self.path / secrets.token_hex(16)
        path.mkdir(mode=0o700)
        return path

    def stored(self) -> int:
        """Bytes in all files."""
        total = 0
        for folder, _, files in os.walk(self.path):
            for name in files:
                with suppress(OSError):
                    total += os.lstat(os.path.join(folder, name)).st_size
        return total

    def free(self) -> int:
        """Bytes that the disk has room for."""
        return shutil.disk_usage(self.path).free

    def close(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _remove_if_left(folder: Path) -> None:
    """Take a folder away that is ours and that no server holds."""
    with suppress(OSError):
        found = folder.lstat()
        if folder.is_symlink() or (hasattr(os, "getuid") and found.st_uid != os.getuid()):
            return
        lock = os.open(folder / LOCK, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
        try:
            _lock(lock)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)


def _lock(descriptor: int) -> None:
    """OSError where another process holds it; it is let go when the process ends, however that happens."""
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
