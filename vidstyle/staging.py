"""Results that appear under their name only when they are complete."""

from __future__ import annotations

import atexit
import errno
import os
import secrets
import shutil
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path

from vidstyle.errors import OutputError

__all__ = ["StagedFile", "StagedFolder", "output_error"]


def output_error(path: Path, error: BaseException) -> OutputError:
    """One line for a failed write."""
    code = getattr(error, "errno", None)
    if code == errno.ENOSPC:
        return OutputError(f"{path} cannot be written: the disk is full; free some space or write elsewhere")
    if code in (errno.EACCES, errno.EPERM, errno.EROFS):
        return OutputError(f"{path} cannot be written: no permission; choose another folder")
    if code in (errno.EFBIG, errno.EDQUOT):
        return OutputError(f"{path} cannot be written: larger than this system allows here; write elsewhere")
    text = " ".join(str(getattr(error, "strerror", None) or error or type(error).__name__).split())
    return OutputError(f"{path} cannot be written: {text}")


# What is neither committed nor discarded yet: an interrupt may come before its owner could take care of it.
_unfinished: dict[Path, _Staged] = {}


@atexit.register
def _discard_unfinished() -> None:
    for staged in list(_unfinished.values()):
        with suppress(OSError):
            staged.discard()


class _Staged(ABC):
    def __init__(self, target: Path, overwrite: bool) -> None:
        # A link stays a link: what it points to is replaced.
        self.target = target = Path(os.path.realpath(target)) if target.is_symlink() else target
        self.path = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        if not target.parent.is_dir():
            raise OutputError(f"{target} cannot be written: there is no folder {target.parent}; make it first")
        if target.exists() and not overwrite:
            raise OutputError(f"{target} exists; choose another name or allow overwriting")
        _unfinished[self.path] = self

    def commit(self) -> None:
        """Give the target its name, for good; OutputError, and nothing left behind, where that fails."""
        try:
            self._move()
            _unfinished.pop(self.path, None)
            _sync(self.target.parent)
        except OSError as error:
            self.discard()
            raise output_error(self.target, error) from None

    @abstractmethod
    def _move(self) -> None:
        """Write through to the disk and put what was written in its place."""

    @abstractmethod
    def discard(self) -> None:
        """Leave nothing behind."""


class StagedFile(_Staged):
    """A hidden file beside the target, on the same file system, that takes its name on `commit`.

    As a context manager it commits on a clean end and leaves nothing behind otherwise.
    """

    def __init__(self, target: Path, overwrite: bool) -> None:
        super().__init__(target, overwrite)
        if self.target.is_dir():
            raise OutputError(f"{target} is a folder; give a file name")
        if self.target.exists() and not self.target.is_file():
            raise OutputError(f"{target} is a pipe or a device; give a file name")
        try:
            self.path.touch(exist_ok=False)  # unwritable folders are found before any work is done
        except OSError as error:
            raise output_error(target, error) from None

    def __enter__(self) -> StagedFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if kind is None:
            return self.commit()
        self.discard()
        if isinstance(error, OSError):
            raise output_error(self.target, error) from None

    def _move(self) -> None:
        _sync(self.path)
        os.replace(self.path, self.target)

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        _unfinished.pop(self.path, None)


class StagedFolder(_Staged):
    """A hidden folder beside the target.

    A target that is absent or empty is replaced as a whole; into one that has files in it (with `overwrite`), the new
    files are moved one by one and files of other names stay.
    """

    def __init__(self, target: Path, overwrite: bool) -> None:
        if target.exists() and not (target.is_dir() or target.is_file()):
            raise OutputError(f"{target} is a pipe or a device; give a folder name")
        empty = target.is_dir() and not any(target.iterdir())
        if target.exists() and not target.is_dir():
            raise OutputError(f"{target} is a file; give a folder name")
        super().__init__(target, overwrite or empty)
        try:
            self.path.mkdir()
        except OSError as error:
            raise output_error(target, error) from None

    def _move(self) -> None:
        for file in self.path.iterdir():
            _sync(file)
        if self.target.is_dir() and any(self.target.iterdir()):
            for file in sorted(self.path.iterdir()):
                os.replace(file, self.target / file.name)
            self.path.rmdir()
        else:
            if self.target.is_dir():
                self.target.rmdir()
            os.replace(self.path, self.target)

    def discard(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        _unfinished.pop(self.path, None)


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():  # cannot be opened there
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):  # file systems that cannot sync this
            raise
    finally:
        os.close(handle)
