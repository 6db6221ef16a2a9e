"""Files put into hosts' folders, and a record of them: what is not in it is never replaced and never removed."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_data_path

from vidstyle.errors import OutputError
from vidstyle.staging import StagedFile, output_error

__all__ = ["Record", "place", "take_away"]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass
class Record:
    """The files that were put into hosts' folders: path -> (host, sha256); and the folders made for them."""

    files: dict[str, tuple[str, str]] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)

    @staticmethod
    def path() -> Path:
        return user_data_path("vidstyle") / "plugins.json"

    @classmethod
    def load(cls) -> Record:
        """OutputError where it cannot be read: without it nothing can be told apart."""
        path = cls.path()
        try:
            told = json.loads(path.read_text())
            files = {str(path): (str(host), str(sha256)) for path, (host, sha256) in told["files"].items()}
            return cls(files, [str(folder) for folder in told["folders"]])
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise OutputError(f"{path} cannot be read; remove it to begin anew, and what it lists by hand") from None

    def save(self) -> None:
        path = self.path()
        if not self.files and not self.folders:
            path.unlink(missing_ok=True)
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with StagedFile(path, overwrite=True) as staged:
                staged.path.write_text(json.dumps({"files": self.files, "folders": self.folders}, indent=1))
        except OSError as error:
            raise output_error(path, error) from None

    def owns(self, path: Path) -> bool:
        """The file is there just as it was put."""
        _, known = self.files.get(str(path), ("", ""))
        return bool(known) and path.is_file() and not path.is_symlink() and digest(path) == known

    def of(self, host: str) -> list[Path]:
        """The files that were put for a host."""
        return [Path(path) for path, (owner, _) in self.files.items() if owner == host]


def place(record: Record, host: str, files: dict[Path, Path]) -> None:
    """Put files where they belong, and record it.

    OutputError where a place cannot be written, or is taken by something else: then no file is put.
    """
    for target in files.values():
        if (target.exists() or target.is_symlink()) and not record.owns(target):
            raise OutputError(f"{target} was not put there by this command; move it away first")
    for source, target in files.items():
        try:
            _make_folder(record, target.parent)
            # Beside the old one, never into it: a host that runs has it mapped.
            with StagedFile(target, overwrite=True) as staged:
                shutil.copyfile(source, staged.path)
                staged.path.chmod(0o644)
        except OSError as error:
            raise output_error(target, error) from None
        record.files[str(target)] = host, digest(target)
        record.save()


def _make_folder(record: Record, folder: Path) -> None:
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    record.folders += [str(path) for path in reversed(missing) if str(path) not in record.folders]


def take_away(record: Record, host: str) -> tuple[int, list[Path]]:
    """Remove a host's files that are as they were put, and folders made for them that are empty then.

    Returns how many files were removed, and those that stay, for they were changed since.
    """
    targets = record.of(host)
    changed = [path for path in targets if not record.owns(path) and (path.exists() or path.is_symlink())]
    for target in targets:
        if record.owns(target):
            target.unlink()
        del record.files[str(target)]
    for name in sorted(record.folders, key=len, reverse=True):
        folder = Path(name)
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
        if not folder.exists() or not record.files:  # what is left then has things of others in it
            record.folders.remove(name)
    record.save()
    return len(targets) - len(changed), changed
