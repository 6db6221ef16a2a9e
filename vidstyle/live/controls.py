"""What may change while it runs: a look, set from any thread."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from vidstyle.errors import OptionError
from vidstyle.scaling import SMALLEST_SIDE
from vidstyle.styles import Style

__all__ = ["LEVELS", "Controls", "Look", "Styles"]

LEVELS = ("off", "fast")
"""Temporal levels: `best` looks ahead, which nobody can who is to show a frame now."""

Styles = str | Iterable[str | tuple[str, float]]
"""A style, or several, with weights or without."""


@dataclass(frozen=True)
class Look:
    """How frames are painted.

    styles: names or paths with weights; none for a model with a style of its own. strength: 0 (the content) to 1.
    temporal: one of LEVELS. keep_color: the content's colours stay. max_side: pixels of the longer side at which the
    net paints, None for the frame's own; the result has the frame's size all the same.
    """

    styles: tuple[tuple[str, float], ...] = ()
    strength: float = 1.0
    temporal: str = "fast"
    keep_color: bool = False
    max_side: int | None = None

    def __post_init__(self) -> None:
        # Checks the weights and the strength.
        Style(tuple((name, weight) for name, weight in self.styles), self.strength)  # type: ignore[misc]
        if self.temporal not in LEVELS:
            raise OptionError(f"no temporal level is called {self.temporal}; live there are {' and '.join(LEVELS)}")
        if self.max_side is not None and self.max_side < SMALLEST_SIDE:
            raise OptionError(f"a longest side of {self.max_side} pixels is too small; give at least {SMALLEST_SIDE}")


class Controls:
    """Holds the look that is wanted now. For any thread."""

    def __init__(self, styles: Styles = (), **settings: Any) -> None:
        """The fields of `Look`. OptionError for a value that makes no sense."""
        self._lock = threading.Lock()
        self._look = Look(_weighted(styles), **settings)

    @property
    def look(self) -> Look:
        return self._look

    def set(self, **changes: Any) -> Look:
        """Change some fields of the look and return it; OptionError, and nothing changes, for a bad value."""
        unknown = set(changes) - set(asdict(self._look))
        if unknown:
            raise OptionError(f"nothing is called {', '.join(sorted(unknown))}; set {', '.join(asdict(self._look))}")
        if "styles" in changes:
            changes["styles"] = _weighted(changes["styles"])
        with self._lock:
            self._look = replace(self._look, **changes)
            return self._look


def _weighted(styles: Styles) -> tuple[tuple[str, float], ...]:
    given = [styles] if isinstance(styles, str) else styles
    return tuple((style, 1.0) if isinstance(style, str) else (str(style[0]), float(style[1])) for style in given)
