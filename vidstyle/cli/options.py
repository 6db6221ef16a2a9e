"""Options that commands share, as users write them."""

from __future__ import annotations

from vidstyle.errors import OptionError

__all__ = ["frames_at_once", "pairs"]


def pairs(options: list[str]) -> dict[str, str]:
    """name=value of every --encoder-option."""
    found = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals or not name:
            raise OptionError(f"--encoder-option {option} is not of the form name=value")
        found[name] = value
    return found


def frames_at_once(text: str) -> int | None:
    """Of --batch; None for auto."""
    if text == "auto":
        return None
    if not text.isdigit() or int(text) < 1:
        raise OptionError(f"--batch {text} is neither auto nor a number of frames")
    return int(text)
