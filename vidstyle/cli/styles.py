"""`vidstyle styles`: what is built in."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from .terminal import out, print_json

__all__ = ["styles"]


def styles(json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """List the built-in styles."""
    from PIL import Image

    from vidstyle.styles import builtin_styles

    found = builtin_styles()
    if json:
        print_json({name: str(path) for name, path in found.items()})
        return
    table = Table("style", "size", "picture", box=None)
    for name, path in found.items():
        with Image.open(path) as image:
            table.add_row(name, f"{image.width}×{image.height}", str(path))
    out.print(table)
