"""`vidstyle models compress`: a model made smaller and faster, and what that costs its pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from .terminal import Interrupted, note, out, print_json, progress_bar

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

__all__ = ["compress"]

LIKENESS = ("psnr", "ssim", "lpips")
"""To what the model painted before."""
SHOWN = ("style", "gram", "content", "unsteadiness")
SIDE = 256
JUDGED_ON = 12
"""Styles, at most."""


def compress(
    model: Annotated[str, typer.Argument(help="A name or a checkpoint file.")],
    photos: Annotated[Path, typer.Option(help="Folder with contents.", exists=True, file_okay=False)],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.safetensors", help="The new model.")],
    paintings: Annotated[
        Path | None,
        typer.Option(help="Folder with styles, for models that paint in any.", exists=True, file_okay=False),
    ] = None,
    channels: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of the channels to keep; 1 only turns to 8 bits.")
    ] = 1.0,
    minutes: Annotated[float, typer.Option(min=0.0, help="Train the narrower net for so long.")] = 30.0,
    styles: Annotated[
        Path | None,
        typer.Option(help="Folder of styles to measure with; not trained on.", exists=True, file_okay=False),
    ] = None,
    encoder: Annotated[str, typer.Option(help="What judges: glance, vgg19, a file or a folder.")] = "glance",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Take channels out of a model, train on, and calibrate it for 8 bits; print figures before and after.

    A model with one style or domain learns from photos alone to paint as it did; psnr, ssim and lpips compare with
    what it painted before.
    """
    from dataclasses import asdict

    import torch

    from vidstyle.errors import InputError
    from vidstyle.evaluation.forms import judge_forms
    from vidstyle.evaluation.pictures import Picture, load_pictures
    from vidstyle.perception import load_lpips, load_perceptual
    from vidstyle.pictures import list_pictures, load_squares
    from vidstyle.runtime.device import pick_device
    from vidstyle.training.compress import compress as run

    some, damaged = load_squares(list_pictures(photos)[:16], SIDE)
    if not some:
        raise InputError(f"none of the pictures can be read: {damaged[0]}")
    judge = load_perceptual(encoder, torch.cat([_pixels(square) for square in some.values()]))
    with progress_bar(shown=not json) as bar:
        task = bar.add_task(f"compressing {model}", total=1000, of="1000")

        def on_progress(event: dict[str, Any]) -> None:
            rate = f"{event['samples_per_second']:.1f} samples/s"
            bar.update(task, completed=1000 * event["progress"], rate=rate)

        rest: dict[str, Any] = {"unseen": styles, "device": device, "on_progress": on_progress, "note": note}
        try:
            made = run(model, photos, paintings, output, share=channels, minutes=minutes, encoder=encoder, **rest)
        except Interrupted:
            if channels == 1:
                raise
            raise Interrupted("interrupted; the same command goes on from the checkpoint beside the output") from None
        where = pick_device(device)
        squares = load_squares(made.contents, SIDE)[0] or some
        contents = [Picture(path.name, _pixels(square).to(where)) for path, square in squares.items()]
        folder = styles or paintings
        pictures = load_pictures(folder, SIDE, JUDGED_ON, where) if folder else []
        lpips = load_lpips(Path(encoder) / "lpips")
        near = lpips.to(where) if lpips else None
        forms = judge_forms(made.forms, contents, pictures, judge.to(where), device, near)
    if json:
        print_json([asdict(form) for form in forms])
        return
    # Of models that paint in any style, ssim is to the content, and not shown.
    names = (*LIKENESS, *SHOWN) if any("psnr" in form.figures for form in forms) else SHOWN
    shown = [name for name in names if any(name in form.figures for form in forms)]
    table = Table("", "parameters", "MB", "ms/frame", *shown, box=None)
    for form in forms:
        figures = (f"{form.figures[name]:.3f}" if name in form.figures else "" for name in shown)
        table.add_row(
            form.name, f"{form.parameters:,}", f"{form.bytes / 1e6:.2f}", f"{form.milliseconds:.1f}", *figures
        )
    out.print(table)
    out.print(f"{output.stem}: {output}")


def _pixels(square: np.ndarray) -> Tensor:
    """(side, side, 3), 8 bits -> (1, 3, side, side) in [0, 1]."""
    import torch

    return torch.from_numpy(square).permute(2, 0, 1)[None].float() / 255
