"""`vidstyle probe`: what vidstyle sees in a file."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from .terminal import out, print_json

__all__ = ["probe"]

COLOURS = {
    "matrix": {
        0: "RGB",
        1: "BT.709",
        2: "not tagged",
        4: "FCC",
        5: "BT.601",
        6: "BT.601",
        9: "BT.2020",
        10: "BT.2020 cl",
    },
    "primaries": {1: "BT.709", 2: "not tagged", 5: "BT.601 (625)", 6: "BT.601 (525)", 9: "BT.2020", 12: "P3 D65"},
    "transfer": {
        1: "BT.709",
        2: "not tagged",
        6: "BT.601",
        8: "linear",
        13: "sRGB",
        14: "BT.2020",
        16: "PQ",
        18: "HLG",
    },
}
"""Names of H.273's code points, by what they say."""


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
    streams, chapters = info.pop("streams"), info.pop("chapters")
    for key in ("duration", "start"):
        info[key] = _seconds(info[key])
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(overflow="fold")
    _add_rows(table, info)
    for number, chapter in enumerate(chapters, 1):
        title = chapter["metadata"].get("title", "")
        table.add_row(
            f"chapter {number}", f"{_seconds(chapter['start'])} to {_seconds(chapter['end'])}  {_shown(title)}"
        )
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
        elif key in COLOURS:
            name = COLOURS[key].get(value)
            table.add_row(f"{indent}{key}", f"{value} ({name})" if name else f"{value}")
        else:
            text = " × ".join(map(str, value)) if key == "size" else value
            text = ", ".join(map(str, text)) if isinstance(text, (list, tuple)) else str(text)
            table.add_row(f"{indent}{key}", _shown(text))


def _seconds(exact: str | None) -> str | None:
    """Of "num/den"."""
    return None if exact is None else f"{float(Fraction(exact)):.3f} s"


def _shown(text: str) -> str:
    return "".join(c if c.isprintable() else "·" for c in text)
