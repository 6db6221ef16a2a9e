"""Notes: what was changed or could not be kept, one line each, said once."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Note", "Notes"]

Note = Callable[[str], None]


class Notes:
    """Passes each note on once and remembers it in `lines`."""

    def __init__(self, note: Note | None = None) -> None:
        self.lines: list[str] = []
        self._pass_on = note

    def __call__(self, line: str) -> None:
        if line in self.lines:
            return
        self.lines.append(line)
        if self._pass_on is not None:
            self._pass_on(line)
