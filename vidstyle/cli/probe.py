"""`vidstyle probe`: what vidstyle sees in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from .terminal import out, print_json

__all__ = ["probe"]


def probe(
    input: Annotated[Path, typer.Argument(metavar="IN", help="A media file.")],
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show the streams of a file: codecs, times, colours, tags."""
    from vidstyle.media import probe as look

    info = look(input).to_dict()
    if json:
        print_json(info)
        return
    streams = info.pop("streams")
    table = Table(box=None, show_header=False, pad_edge=False)
    _add_rows(table, info)
    for stream in streams:
        table.add_row("", "")
        table.add_row(f"stream {stream.pop('index')}", stream.pop("kind"))
        _add_rows(table, stream, "  ")
    out.print(table)


def _add_rows(table: Table, values: dict[str, Any], indent: str = "") -> None:
    """A row for every value that is there; groups of values are indented."""
    for key, value in values.items():
        if value in (None, "", [], {}):
            continue
        if isinstance(value, dict):
            table.add_row(f"{indent}{key}", "")
            _add_rows(table, value, indent + "  ")
        else:
            text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
            table.add_row(f"{indent}{key}", "".join(c if c.isprintable() else "·" for c in text))
