"""What the commands say, and where: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

__all__ = ["Interrupted", "errors", "fail", "note", "out", "print_json", "progress_bar"]

WIDE = 10_000
"""Columns of what is no terminal: tables in files and pipes are neither folded nor cut."""

# No markup: file names may hold brackets.
out = Console(highlight=False, markup=False, soft_wrap=True, width=None if sys.stdout and sys.stdout.isatty() else WIDE)
errors = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


class Interrupted(BaseException):
    """Ctrl-C or a polite kill; not KeyboardInterrupt, which typer would end silently."""


def fail(message: str) -> None:
    """An error, on one line."""
    errors.print(Text("error: ", style="bold red") + Text(" ".join(message.split())))


def note(message: str) -> None:
    """Something a user should know, on one line."""
    errors.print(Text("note: ", style="yellow") + Text(" ".join(message.split())))


def print_json(value: Any) -> None:
    """One JSON document on one line, on stdout."""
    sys.stdout.write(json.dumps(value, default=str, allow_nan=False) + "\n")
    sys.stdout.flush()


class Rate(ProgressColumn):
    """How fast it goes, as the task's `rate` says."""

    def render(self, task: Task) -> Text:
        return Text(task.fields.get("rate", "starting …"), style="cyan")


@contextmanager
def progress_bar(shown: bool) -> Iterator[Progress]:
    """A progress bar on stderr; nothing where stderr is not a terminal or `shown` is False."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.fields[of]}"),
        Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors, transient=True, disable=not (shown and errors.is_terminal)) as bar:
        yield bar
