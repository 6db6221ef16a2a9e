"""`vidstyle train`: a model of one's own, from photos and paintings."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from vidstyle.errors import OptionError

from .terminal import Interrupted, errors, note, out, progress_bar

if TYPE_CHECKING:
    from vidstyle.training import Recipe

__all__ = ["train"]

NO_TERMS = ("step", "progress", "seconds", "samples_per_second", "variation")
"""What a run reports beside the terms of its loss, and the one that says least."""
LINE_EVERY = 60
"""Seconds between lines where there is no terminal to draw a bar on, as in a log file."""


def train(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe's name (brisk) or a .toml file.")],
    photos: Annotated[
        Path | None,
        typer.Option("--photos", "--a", help="Folder with contents; the first domain.", exists=True, file_okay=False),
    ] = None,
    paintings: Annotated[
        Path | None,
        typer.Option("--paintings", "--b", help="Folder with styles; the second domain.", exists=True, file_okay=False),
    ] = None,
    style: Annotated[
        str | None, typer.Option(metavar="IMG", help="The one style of the recipe fast: a picture or a name.")
    ] = None,
    encoder: Annotated[str, typer.Option(help="What judges paintings: glance, vgg19, a file or a folder.")] = "glance",
    unseen: Annotated[
        Path | None,
        typer.Option(
            help="Folder of pictures to evaluate with: what looks like one of them is not trained on.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    clips: Annotated[
        Path | None,
        typer.Option(help="Folder of clips to learn steadiness from.", exists=True, file_okay=False),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for the checkpoint, scalars, sheets and the model; default runs/RECIPE."),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Tie the schedule to the clock: end after so many minutes.")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="End after so many steps, in place of the recipe's length.")] = None,
    batch: Annotated[int | None, typer.Option(help="Batch size, in place of the recipe's.")] = None,
    start_from: Annotated[str | None, typer.Option(metavar="MODEL", help="First weights: a name or a file.")] = None,
    data: Annotated[str | None, typer.Option(help="What it is trained on, for its card.")] = None,
    licence: Annotated[str, typer.Option(help="Licence of the model, for its card.")] = "unknown",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    precision: Annotated[str | None, typer.Option(help="Fabric's name: 32-true, bf16-mixed …")] = None,
    tried: Annotated[
        list[str] | None,
        typer.Option("--try", metavar="FIELD=V,V", help="Try values of the recipe's fields, in all combinations."),
    ] = None,
    trials: Annotated[
        int | None, typer.Option(min=1, help="So many of the combinations of --try, drawn at random.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume/--restart", help="Go on from the checkpoint in --out.")] = True,
) -> None:
    """Train a model; it resumes from its checkpoint and ends as one safetensors file with its card."""
    from vidstyle.training import CHECKPOINT, load_recipe
    from vidstyle.training import train as run
    from vidstyle.training.search import parse_choices, search
    from vidstyle.training.search import trials as combine

    if trials is not None and not tried:
        raise OptionError("--trials is for --try; give --try FIELD=VALUE,VALUE")
    if minutes and steps:
        raise OptionError("a run ends by --minutes or by --steps; give one of them")
    if steps:
        minutes = 0.0  # those of the recipe
    changes = {"minutes": minutes, "steps": steps, "batch": batch, "start_from": start_from}
    settings = load_recipe(recipe, **changes)
    styles = _styles(settings, paintings, style)
    photos = _photos(settings, photos, styles)
    output = output or Path("runs") / (Path(recipe).stem + (f"-{styles.stem}" if style else ""))
    rest: dict[str, Any] = {
        "photos": photos,
        "paintings": styles,
        "encoder": encoder,
        "unseen": unseen,
        "clips": clips,
        "device": device,
        "precision": precision,
        "resume": resume,
        "data": data or ", ".join(dict.fromkeys([photos.name, styles.name])),
        "licence": licence,
        "note": note,
    }
    with progress_bar(shown=True) as bar:
        task = bar.add_task(f"training {recipe}", total=1000, of="1000")
        said = 0.0

        def on_progress(event: dict[str, Any]) -> None:
            nonlocal said
            terms = "  ".join(f"{name} {value:.3f}" for name, value in event.items() if name not in NO_TERMS)
            step, rate = f"step {event['step']}  {terms}", f"{event['samples_per_second']:.1f} samples/s"
            bar.update(task, completed=1000 * event["progress"], description=step, rate=rate)
            if not errors.is_terminal and time.monotonic() > said + LINE_EVERY:
                errors.print(f"{100 * event['progress']:4.1f} %  {step}  {rate}")
                said = time.monotonic()

        try:
            if tried:
                attempts = combine(parse_choices(settings, tried), trials, settings.seed)
                rows = search(recipe, changes, attempts, output, on_progress=on_progress, **rest)
            else:
                path, report = run(settings, output=output, on_progress=on_progress, **rest)
        except Interrupted:
            if not tried and not (output / CHECKPOINT).exists():
                raise
            raise Interrupted(f"interrupted; with --resume it goes on from the checkpoint in {output}") from None
    if tried:
        _show(rows)
        if all("failed" in row for row in rows):
            raise OptionError(f"no trial came to an end: {rows[0]['failed']}")
        return
    out.print(f"{path}: {report['samples']:,} samples in {report['hours']:.2f} hours")


def _show(rows: list[dict[str, Any]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = Table(*names, box=None)
    for row in rows:
        values = [row.get(name, "") for name in names]
        table.add_row(*(f"{value:.4g}" if isinstance(value, float) else str(value) for value in values))
    out.print(table)


def _photos(recipe: Recipe, photos: Path | None, styles: Path) -> Path:
    """The folder of contents, or of the one domain that the recipe is about."""
    from vidstyle.training import DcganRecipe

    if isinstance(recipe, DcganRecipe):
        if photos is not None:
            raise OptionError("this recipe learns from one folder: give --paintings, and no --photos")
        return styles
    if photos is None:
        raise OptionError("give a folder of photos with --photos")
    return photos


def _styles(recipe: Recipe, paintings: Path | None, style: str | None) -> Path:
    """The folder or the picture that the recipe's styles come from. OptionError where it is the other."""
    from vidstyle.styles import find_style
    from vidstyle.training import FastRecipe

    if isinstance(recipe, FastRecipe):
        if style is None or paintings is not None:
            raise OptionError("this recipe is for one style: give it with --style, and no --paintings")
        return find_style(style)
    if paintings is None or style is not None:
        raise OptionError("this recipe is for many styles: give a folder with --paintings, and no --style")
    return paintings
