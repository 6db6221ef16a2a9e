"""Figures of models on the photos that training holds out, and a report to look at.

Usage: python bench/quality.py [MODEL[@PRECISION] …]      default: brisk and MicroAST

Contents are the 40 photos that training holds out, styles those of ../shared/media/styles that are not among the
training paintings, all as 256-pixel squares.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from results_file import ROOT, SHARED, record

from vidstyle import Stylizer
from vidstyle.evaluation.pictures import PictureJudge, judge_model, load_pictures, means
from vidstyle.evaluation.report import Evaluated, write_report
from vidstyle.perception import load_lpips, load_perceptual
from vidstyle.pictures import list_pictures
from vidstyle.training.pictures import Pictures, alike, held_out

SIDE, HELD_OUT = 256, 40


def held_out_photos(folder: Path) -> Path:
    """A folder of links to the photos that no recipe trains on."""
    for photo in held_out(list_pictures(SHARED / "data" / "photos"), HELD_OUT)[1]:
        (folder / photo.name).symlink_to(photo)
    return folder


def unseen_styles(folder: Path) -> Path:
    """A folder of links to the styles that no training painting looks like."""
    paths = list_pictures(SHARED / "media" / "styles")
    known = Pictures(list_pictures(SHARED / "data" / "paintings"), 64, "cpu")
    seen = alike(Pictures(paths, 64, "cpu").pixels, known.pixels)
    for path, also in zip(paths, seen.tolist(), strict=True):
        if not also:
            (folder / path.name).symlink_to(path)
    return folder


if __name__ == "__main__":
    models = sys.argv[1:] or ["brisk", str(SHARED / "peers" / "microast")]
    judge = PictureJudge(load_perceptual(SHARED / "teachers"), load_lpips(SHARED / "teachers" / "lpips"))
    with TemporaryDirectory() as photos, TemporaryDirectory() as paintings:
        stylizers = [
            Stylizer(name, device="cpu", precision=precision or "auto", runtime="pytorch")
            for name, _, precision in (str(model).partition("@") for model in models)
        ]
        device = stylizers[0].device
        contents = load_pictures(held_out_photos(Path(photos)), SIDE, None, device)
        styles = load_pictures(unseen_styles(Path(paintings)), SIDE, None, device)
    found, figures = [], {}
    for name, stylizer in zip(models, stylizers, strict=True):
        evaluated = Evaluated(Path(name).name, stylizer.model.card.architecture)
        for judged, painted in judge_model(stylizer, judge, contents, styles):
            evaluated.add(judged, painted)
        figures[evaluated.name] = means(evaluated.judged)
        found.append(evaluated)
    (ROOT / "out").mkdir(exist_ok=True)
    write_report(ROOT / "out" / "quality.html", found, contents, styles, judge.encoder.about)
    first, *others = figures
    ratios = {other: {key: value / figures[other][key] for key, value in figures[first].items()} for other in others}
    pairs = len(contents) * len(styles)
    record(
        "quality",
        {
            "side": SIDE,
            "pairs": pairs,
            "styles": [style.name for style in styles],
            "figures": figures,
            f"{first}_over": ratios,
        },
    )
