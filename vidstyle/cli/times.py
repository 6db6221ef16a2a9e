"""Times as users write them: 12.5, 1:02.5, 00:01:02.500."""

from __future__ import annotations

from fractions import Fraction

from vidstyle.errors import OptionError

__all__ = ["parse_time"]


def parse_time(text: str) -> Fraction:
    """Exact seconds of `SS`, `MM:SS` or `HH:MM:SS`, with decimals. OptionError for anything else."""
    parts = text.split(":")
    try:
        values = [Fraction(part) for part in parts]
    except (ValueError, ZeroDivisionError):
        values = []
    if not 1 <= len(values) <= 3 or any(value < 0 for value in values) or "/" in text:
        raise OptionError(f"{text} is not a time; write seconds (12.5) or HH:MM:SS (00:01:02.5)")
    seconds = Fraction(0)
    for value in values:
        seconds = 60 * seconds + value
    return seconds
