"""Figures of models on the photos that training holds out, and a report to look at.

Usage: python bench/quality.py [MODEL …]      default: brisk and MicroAST

Contents are 16 of the photos that training holds out, styles 8 of ../shared/media/styles, as 256-pixel squares.
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
from vidstyle.training.pictures import held_out, list_pictures

SIDE, HELD_OUT, CONTENTS, STYLES = 256, 40, 16, 8


def held_out_photos(folder: Path) -> Path:
    """A folder of links to the photos that no recipe trains on."""
    for photo in held_out(list_pictures(SHARED / "data" / "photos"), HELD_OUT)[1]:
        (folder / photo.name).symlink_to(photo)
    return folder


if __name__ == "__main__":
    models = sys.argv[1:] or ["brisk", str(SHARED / "peers" / "microast")]
    judge = PictureJudge(load_perceptual(SHARED / "teachers"), load_lpips(SHARED / "teachers" / "lpips"))
    with TemporaryDirectory() as folder:
        stylizers = [Stylizer(model, device="cpu", runtime="pytorch") for model in models]
        device = stylizers[0].device
        contents = load_pictures(held_out_photos(Path(folder)), SIDE, CONTENTS, device)
        styles = load_pictures(SHARED / "media" / "styles", SIDE, STYLES, device)
    found, figures = [], {}
    for name, stylizer in zip(models, stylizers, strict=True):
        evaluated = Evaluated(Path(name).name, stylizer.model.card.architecture)
        figures[evaluated.name] = means(judge_model(stylizer, judge, contents, styles, evaluated.add))
        found.append(evaluated)
    (ROOT / "out").mkdir(exist_ok=True)
    write_report(ROOT / "out" / "quality.html", found, contents, styles)
    first, *others = figures
    ratios = {other: {key: value / figures[other][key] for key, value in figures[first].items()} for other in others}
    pairs = len(contents) * len(styles)
    record("quality", {"side": SIDE, "pairs": pairs, "figures": figures, f"{first}_over": ratios})
