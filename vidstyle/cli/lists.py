"""`vidstyle styles` and `vidstyle models`: what is built in."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from .terminal import out, print_json

__all__ = ["models", "styles"]

Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


def styles(json: Json = False) -> None:
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


def models(json: Json = False) -> None:
    """List the built-in models and the layouts of checkpoints that vidstyle reads."""
    from vidstyle.zoo import architectures, available

    cards = available()
    if json:
        print_json([asdict(card) for card in cards])
        return
    table = Table("model", "architecture", "parameters", "licence", "trained on", box=None)
    for card in cards:
        table.add_row(card.name, card.architecture, f"{card.parameters:,}", card.licence, card.data)
    out.print(table)
    out.print(f"checkpoint files of these layouts load too: {', '.join(sorted(a.name for a in architectures()))}")
