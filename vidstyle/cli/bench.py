"""`vidstyle bench`: models side by side, in one process."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from vidstyle.errors import OptionError

from .terminal import out, print_json

__all__ = ["bench", "parse_size"]


def parse_size(text: str) -> tuple[int, int]:
    """`WxH` -> (width, height)."""
    match = re.fullmatch(r"(\d{2,5})[x×](\d{2,5})", text)
    if not match or min(map(int, match.groups())) < 16:
        raise OptionError(f"--size {text} is not of the form 1280x720, with sides of at least 16")
    return int(match[1]), int(match[2])


def bench(
    models: Annotated[
        list[str], typer.Argument(metavar="MODEL …", help="Names or checkpoint files; MODEL@pytorch picks a runtime.")
    ],
    size: Annotated[str, typer.Option(metavar="WxH", help="Frame size.")] = "816x512",
    rounds: Annotated[int, typer.Option(min=1, help="Turns that each model takes.")] = 10,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    precision: Annotated[str, typer.Option(help="auto, fp32, fp16, bf16 or int8.")] = "auto",
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Time models on one frame size, taking turns; the style is encoded beforehand."""
    width, height = parse_size(size)
    from vidstyle.evaluation.speed import compare
    from vidstyle.stylizers import Stylizer

    stylizers = []
    for model in models:
        name, _, runtime = model.partition("@")
        stylizers.append(Stylizer(name, device, precision, runtime or "auto"))
    speeds = compare(stylizers, width, height, rounds)
    if json:
        print_json([asdict(speed) for speed in speeds])
        return
    columns = ("model", "runtime", "precision", "ms/frame", "best", "kMAC/px", "GMAC/s", "of peak", "× first")
    table = Table(*columns, box=None)
    for speed in speeds:
        table.add_row(
            speed.model,
            speed.runtime,
            speed.precision,
            f"{speed.milliseconds:.1f}",
            f"{speed.fastest:.1f}",
            f"{speed.macs_per_pixel / 1e3:.2f}",
            f"{speed.macs_per_second / 1e9:.1f}",
            f"{100 * speed.peak_share:.0f} %",
            f"{speeds[0].milliseconds / speed.milliseconds:.1f}",
        )
    out.print(f"{width}×{height} on {stylizers[0].device}, median of {rounds} turns")
    out.print(table)
