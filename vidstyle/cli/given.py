"""What of a command's files and styles is not there, told before PyTorch is imported, which takes seconds."""

from __future__ import annotations

from pathlib import Path

from vidstyle.styles import Imagined, find_style, parse_style

__all__ = ["check_input", "weighted_styles"]


def check_input(path: Path) -> None:
    """InputError for a name of nothing; folders and patterns of numbered pictures are somebody else's to look into."""
    from vidstyle.media.containers import check_file

    if not path.is_dir() and "%" not in path.name:
        check_file(path)


def weighted_styles(arguments: list[str] | None) -> list[tuple[str, float]] | None:
    """Of every --style; None without any. StyleError for what is neither a picture, a name, a seed nor a number."""
    pairs = [parse_style(argument) for argument in arguments or []]
    for name, _ in pairs:
        if not name.isdigit() and Imagined.parse(name) is None:
            find_style(name)
    return pairs or None
