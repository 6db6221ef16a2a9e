"""`vidstyle evaluate`: measure models, side by side on the same pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from .evaluate_domain import domain
from .evaluate_temporal import temporal
from .terminal import note, out, print_json, progress_bar

__all__ = ["app"]

app = typer.Typer(help="Measure what models paint.", no_args_is_help=True)
app.command()(temporal)
app.command()(domain)


@app.command()
def pictures(
    models: Annotated[list[str], typer.Argument(metavar="MODEL …", help="Names or checkpoint files.")],
    contents: Annotated[Path, typer.Option(help="Folder with contents.", exists=True, file_okay=False)],
    styles: Annotated[Path, typer.Option(help="Folder with styles.", exists=True, file_okay=False)],
    encoder: Annotated[
        str, typer.Option(help="What judges: glance, vgg19, a file, or a folder with weights (and lpips/).")
    ] = "glance",
    side: Annotated[int, typer.Option(min=64, help="Pictures are judged as squares of so many pixels.")] = 256,
    count: Annotated[int | None, typer.Option(min=1, help="At most so many contents, evenly picked.")] = None,
    inception: Annotated[bool, typer.Option("--inception", help="FID, ArtFID and IS too; fetches weights.")] = False,
    report: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Write a report with all paintings.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    json: Annotated[bool, typer.Option("--json", help="As JSON, pair by pair.")] = False,
) -> None:
    """Paint every content in every style; print style, content and other distances."""
    from dataclasses import asdict

    import torch

    from vidstyle.errors import OptionError
    from vidstyle.evaluation.inception import Inception
    from vidstyle.evaluation.page import check_report
    from vidstyle.evaluation.pictures import PictureJudge, judge_model, load_pictures
    from vidstyle.evaluation.report import Evaluated, write_report
    from vidstyle.perception import load_lpips, load_perceptual
    from vidstyle.stylizers import Stylizer

    if report:
        check_report(report)
    if len(set(models)) < len(models):
        raise OptionError("give every model once")
    # PyTorch paints too: OpenVINO's threads and those of the judge would be in each other's way.
    stylizers = [Stylizer(model, device, runtime="pytorch") for model in models]
    where = stylizers[0].device
    shown, painted_in = load_pictures(contents, side, count, where), load_pictures(styles, side, None, where)
    if inception and len(painted_in) < 2:
        raise OptionError("--inception compares sets; give a folder of two styles at least, better of hundreds")
    lpips = load_lpips(Path(encoder) / "lpips")
    if lpips is None:
        note("no LPIPS: its weights are not there; give a folder that holds lpips/ with --encoder")
    photos = torch.cat([content.pixels for content in shown[:16]])
    judge = PictureJudge(load_perceptual(encoder, photos.cpu()).to(where), lpips and lpips.to(where))
    sets = Inception(where) if inception else None
    found = []
    with progress_bar(shown=not json) as bar:
        for name, stylizer in zip(models, stylizers, strict=True):
            pairs = len(shown) * len(painted_in)
            task = bar.add_task(name, total=pairs, of=pairs, rate="")
            evaluated = Evaluated(name, stylizer.model.card.architecture)
            if sets:
                sets.begin(style.pixels for style in painted_in)
            for judged, painted in judge_model(stylizer, judge, shown, painted_in):
                evaluated.add(judged, painted)
                if sets:
                    sets.see(painted)
                bar.update(task, advance=1)
            if sets:
                evaluated.together = sets.figures(evaluated.figures.get("lpips"))
            found.append(evaluated)
    if report:
        write_report(report, found, shown, painted_in, judge.encoder.about)
    if json:
        print_json({m.name: {"means": m.figures, "pairs": [asdict(pair) for pair in m.judged]} for m in found})
        return
    columns = [model.figures for model in found]
    table = Table(f"judged by {judge.encoder.about}", *columns[0], box=None)
    for model, figures in zip(found, columns, strict=True):
        table.add_row(model.name, *(f"{value:.3f}" for value in figures.values()))
    if len(found) == 2:
        ratios = (f"{a / b:.2f}×" for a, b in zip(columns[0].values(), columns[1].values(), strict=True))
        table.add_row("first / second", *ratios)
    out.print(table)
    if report:
        out.print(f"report: {report}")
