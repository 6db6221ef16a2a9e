"""`vidstyle evaluate temporal`: measure how steady paintings are, and what that cost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from vidstyle.errors import OptionError

from .terminal import note, out, print_json, progress_bar

__all__ = ["temporal"]


def temporal(
    clips: Annotated[Path, typer.Option(help="A clip, or a folder of clips.", exists=True)],
    models: Annotated[
        list[str] | None, typer.Argument(metavar="[MODEL …]", help="Names or checkpoint files; default brisk.")
    ] = None,
    painted: Annotated[
        Path | None, typer.Option(help="Judge this painting of the clip instead of models.", exists=True)
    ] = None,
    per_frame: Annotated[
        Path | None,
        typer.Option(help="The same painted with --temporal off, for the ratios and the sharpness.", exists=True),
    ] = None,
    style: Annotated[
        list[str] | None,
        typer.Option(
            "--style",
            "-s",
            help="A picture, a built-in style, dcgan:SEED, or a number for models with styles of their own; "
            "repeat for more.",
        ),
    ] = None,
    levels: Annotated[
        str,
        typer.Option(
            help="Temporal levels to compare, joined by commas. fast-PART and best-PART: without that "
            "part, which is ahead, recall, rest, doubt, sharpness or colours."
        ),
    ] = "off,fast,best",
    flow: Annotated[str, typer.Option(help="What finds motion for the judgement; see stylize --flow.")] = "dis",
    frames: Annotated[int, typer.Option(min=2, help="Of every clip, from its beginning.")] = 48,
    side: Annotated[int, typer.Option(min=64, help="Longer side, in pixels, at which clips are painted.")] = 480,
    encoder: Annotated[
        str, typer.Option(help="What judges: glance, vgg19, a file, or a folder with weights (and lpips/).")
    ] = "glance",
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Write a report with plots, slices and clips.")
    ] = None,
    device: Annotated[str, typer.Option(help="What paints: auto, cpu, cuda or mps.")] = "auto",
    json: Annotated[bool, typer.Option("--json", help="As JSON, clip by clip.")] = False,
) -> None:
    """Paint clips at every temporal level; print warping errors, flicker, sharpness, style and content distances."""
    from dataclasses import asdict

    from vidstyle.errors import InputError
    from vidstyle.evaluation.clips import first_squares
    from vidstyle.evaluation.page import check_report
    from vidstyle.evaluation.paintings import TemporalTrial
    from vidstyle.evaluation.temporal_report import mean_rows, write_temporal_report
    from vidstyle.media import list_clips
    from vidstyle.perception import load_lpips, load_perceptual

    if report:
        check_report(report)
    if painted and (models or clips.is_dir()):
        raise OptionError("give models, or with --painted one painting of the one clip that --clips names")
    if per_frame and not painted:
        raise OptionError("--per-frame is for --painted; models paint frame by frame at the level off")
    lpips = load_lpips(Path(encoder) / "lpips")
    if lpips is None:
        note("no LPIPS: its weights are not there; give a folder that holds lpips/ with --encoder")
    paths = list_clips(clips)
    judge = load_perceptual(encoder, first_squares(paths) if encoder == "vgg19" else None)
    styles = style or ["waves", "glass"]
    trial = TemporalTrial(judge, lpips, levels.split(","), styles, flow, frames, side, device, show=bool(report))
    with progress_bar(shown=not json) as bar:
        task = bar.add_task("clips", total=len(paths), of=len(paths), rate="")
        for path in paths:
            try:
                if painted:
                    trial.judge_file(path, painted, bool(style), per_frame)
                else:
                    trial.judge_models(path, models or ["brisk"])
            except InputError as error:
                if len(paths) == 1:
                    raise
                note(f"left out: {error}")
            bar.update(task, advance=1)
    if not trial.found:
        raise InputError(f"{clips} holds no clip that can be judged")
    if report:
        write_temporal_report(report, trial.found, trial.shown, judge.about)
    rows = mean_rows(trial.found)
    if json:
        means = [{"model": model, "level": level, **row} for (model, level), row in rows.items()]
        print_json({"means": means, "clips": [asdict(one) for one in trial.found]})
        return
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    table = Table("", *(f"{model} {level}" for model, level in rows), box=None)
    for name in names:
        table.add_row(name, *(f"{row[name]:.3f}" if name in row else "" for row in rows.values()))
    out.print(table)
    out.print(f"judged by {judge.about}")
    if report:
        out.print(f"report: {report}")
