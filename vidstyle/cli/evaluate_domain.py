"""`vidstyle evaluate domain`: measure generators from one domain of pictures to another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from .terminal import note, out, print_json

__all__ = ["domain"]


def domain(
    models: Annotated[list[str], typer.Argument(metavar="MODEL …", help="Checkpoint files of generators.")],
    contents: Annotated[Path, typer.Option(help="Folder with pictures to paint.", exists=True, file_okay=False)],
    targets: Annotated[Path, typer.Option(help="Folder of the other domain.", exists=True, file_okay=False)],
    back: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Generator back, for what a cycle loses; of one MODEL.")
    ] = None,
    paired: Annotated[
        bool, typer.Option("--paired", help="Compare each painting with the target of the same name.")
    ] = False,
    side: Annotated[int, typer.Option(min=64, help="Pictures are judged as squares of so many pixels.")] = 256,
    count: Annotated[int | None, typer.Option(min=2, help="At most so many of each folder, evenly picked.")] = None,
    inception: Annotated[bool, typer.Option("--inception", help="FID too; fetches weights.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Paint a folder with each generator; print how near it comes to the other domain, and what stays."""
    import torch

    from vidstyle.errors import OptionError
    from vidstyle.evaluation.domains import GlanceFeatures, judge_generator
    from vidstyle.evaluation.inception import Inception
    from vidstyle.evaluation.pictures import load_pictures
    from vidstyle.stylizers import Stylizer

    if len(set(models)) < len(models) or (back and len(models) > 1):
        raise OptionError("give every model once, and one model only with --back")
    generators = {name: Stylizer(name, device) for name in [*models, *([back] if back else [])]}
    for name, generator in generators.items():
        if not generator.fixed_style:
            raise OptionError(f"{name} takes style pictures; vidstyle evaluate pictures is for it")
    where = next(iter(generators.values())).device
    shown, wanted = (load_pictures(folder, side, count, where) for folder in (contents, targets))
    if min(len(shown), len(wanted)) < 2:
        raise OptionError("sets are compared; give folders of two pictures at least, better of hundreds")
    both = {picture.name for picture in shown} & {picture.name for picture in wanted}
    if paired and len(both) < len(shown):
        raise OptionError(f"{len(shown) - len(both)} of {len(shown)} contents have no target of their name")
    # Apple's GPUs have no double precision, which the metrics are summed in.
    measured = torch.device("cpu") if where.type == "mps" else where
    features = GlanceFeatures().to(measured)
    if min(len(shown), len(wanted)) <= features.num_features:
        note(f"Fréchet distances of fewer than {features.num_features + 1} pictures only compare models, not papers")
    sets = {"frechet": Inception(measured, features)}
    if inception:
        sets["fid"] = Inception(measured)
    found = {"contents as they are": judge_generator(None, sets, shown, wanted, paired=paired)}
    for name in models:
        found[name] = judge_generator(generators[name], sets, shown, wanted, generators[back] if back else None, paired)
    if json:
        print_json(found)
        return
    columns = list(found[models[0]])
    table = Table(f"{len(shown)} contents, {len(wanted)} targets", *columns, box=None)
    for name, figures in found.items():
        table.add_row(name, *(f"{figures[column]:.3f}" if column in figures else "" for column in columns))
    out.print(table)
