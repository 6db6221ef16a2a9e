"""Where the engine listens: a socket that only its user can reach."""

from __future__ import annotations

import fcntl
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vidstyle.errors import OptionError

__all__ = ["Place", "default_socket"]

BACKLOG = 64
LONGEST_PATH = 107
"""Bytes of a socket's path that Linux takes."""
INHERITED = 3
"""The first descriptor that systemd hands over."""


def default_socket() -> Path:
    """The socket that clients look for."""
    if named := os.environ.get("VIDSTYLE_SOCKET"):
        return Path(named)
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        return Path(runtime) / "vidstyle" / "engine.sock"
    return Path(f"/tmp/vidstyle-{os.getuid()}") / "engine.sock"


class Place:
    """A listening socket; `close` takes its file away.

    path: where to listen; its folder is made where it is missing. OptionError where an engine listens there already,
    or others could reach the folder. A socket that an engine left behind is replaced. Where systemd hands a socket
    over, it is that one, and stays.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_socket()
        self._identity: tuple[int, int] | None = None
        if inherited := _inherited():
            self.socket = inherited
            self.path = Path(os.fsdecode(inherited.getsockname()))
        else:
            self._folder = self.path.parent
            _own(self._folder)
            with _locked(self._folder):
                self._clear()
                self.socket = self._bound()
        self.socket.setblocking(False)

    def _clear(self) -> None:
        """Take away a socket that nobody listens to."""
        if not os.path.lexists(self.path):
            return
        if not stat.S_ISSOCK(self.path.lstat().st_mode):
            raise OptionError(f"{self.path} is no socket; give another one with --socket")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(2)
            try:
                probe.connect(str(self.path))
            except ConnectionRefusedError:
                self.path.unlink()
                return
            except OSError:
                pass
        raise OptionError(f"an engine listens at {self.path} already; stop it, or give another --socket")

    def _bound(self) -> socket.socket:
        if len(os.fsencode(self.path)) > LONGEST_PATH:
            raise OptionError(f"{self.path} is too long for a socket, of {LONGEST_PATH} bytes; give a shorter one")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            listener.bind(str(self.path))
        finally:
            os.umask(before)
        listener.listen(BACKLOG)
        found = self.path.lstat()
        self._identity = found.st_dev, found.st_ino
        return listener

    def close(self) -> None:
        """Stop listening."""
        self.socket.close()
        if self._identity is None:
            return
        # The folder may have gone, and somebody may have put another socket there.
        with suppress(FileNotFoundError), _locked(self._folder):
            found = self.path.lstat()
            if (found.st_dev, found.st_ino) == self._identity:
                self.path.unlink()


def _own(folder: Path) -> None:
    """Make the folder, or see to it that it is the user's alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise OptionError(f"{folder} is no folder of yours; give another place with --socket")
    if found.st_mode & 0o077:
        # A folder that everybody writes to is not to be closed.
        way = "give" if found.st_mode & stat.S_ISVTX else f"run: chmod 700 {folder}, or give"
        raise OptionError(f"{folder} is open to others; {way} a --socket in a folder of your own")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Alone among engines that begin or end in this folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _inherited() -> socket.socket | None:
    """The socket that systemd handed over, if it did; see sd_listen_fds(3)."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or not os.environ.get("LISTEN_FDS", "").isdecimal():
        return None
    for name in ("LISTEN_PID", "LISTEN_FDNAMES"):
        os.environ.pop(name, None)
    if int(os.environ.pop("LISTEN_FDS")) < 1:
        return None
    os.set_inheritable(INHERITED, False)
    handed = socket.socket(fileno=INHERITED)
    if handed.family != socket.AF_UNIX or handed.type != socket.SOCK_STREAM:
        raise OptionError("systemd handed over something else than a Unix stream socket")
    return handed
