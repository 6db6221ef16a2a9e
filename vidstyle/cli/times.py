"""Times as users write them: 12.5, 1:02.5, 00:01:02.500."""

from __future__ import annotations

import re
from fractions import Fraction

from vidstyle.errors import OptionError

__all__ = ["parse_time"]

TIME = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?|\.\d+)", re.ASCII)
"""Plain digits: of 1e999999999 a fraction would have as many."""


def parse_time(text: str) -> Fraction:
    """Exact seconds of `SS`, `MM:SS` or `HH:MM:SS`, with decimals. OptionError for anything else."""
    found = TIME.fullmatch(text) if len(text) < 100 else None
    if found is None:
        raise OptionError(f"{text} is not a time; write seconds (12.5) or HH:MM:SS (00:01:02.5)")
    hours, minutes, seconds = (Fraction(part or 0) for part in found.groups())
    return 3600 * hours + 60 * minutes + seconds
