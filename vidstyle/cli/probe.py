"""`vidstyle probe`: what vidstyle sees in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
    table = Table(box=None, show_header=False)
    for key, value in info.items():
        if value not in (None, "", [], {}):
            table.add_row(key, str(value))
    out.print(table)
    for stream in streams:
        out.print()
        table = Table(box=None, show_header=False, title=f"stream {stream.get('index')}", title_justify="left")
        for key, value in stream.items():
            if key != "index" and value not in (None, "", [], {}):
                table.add_row(key, str(value))
        out.print(table)
