"""Names that were meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

__all__ = ["meant", "meant_file"]


def meant(name: str, known: Iterable[str]) -> str | None:
    """The one of `known` that is most like `name`, in whatever case; None where none is alike."""
    lower = {other.lower(): other for other in known}
    close = get_close_matches(name.lower(), lower, n=1)
    return lower[close[0]] if close else None


def meant_file(path: Path) -> Path | None:
    """What is called most like `path` in its folder; None where none is alike, or the folder cannot be read."""
    try:
        found = meant(path.name, (other.name for other in path.parent.iterdir()))
    except (OSError, ValueError):
        return None
    return path.with_name(found) if found else None
