"""Style and content distance of models on the same pictures, and a sheet to look at.

Usage: python bench/quality.py [MODEL …]      default: brisk and MicroAST

Contents are the photos that training holds out, styles are ../shared/media/styles, both as 256-pixel squares.
"""

from __future__ import annotations

import sys
from dataclasses import asdict

import torch
from results_file import ROOT, SHARED, record

from vidstyle import Stylizer
from vidstyle.evaluation.pictures import judge_model
from vidstyle.perception import load_perceptual
from vidstyle.training.pictures import Pictures, held_out, list_pictures
from vidstyle.training.sheet import sample_sheet

SIDE = 256

if __name__ == "__main__":
    models = sys.argv[1:] or ["brisk", str(SHARED / "peers" / "microast")]
    judge = load_perceptual(SHARED / "teachers")
    kept = held_out(list_pictures(SHARED / "data" / "photos"), 40)[1]
    contents = Pictures(kept, SIDE, SIDE, (1.0, 1.0), "cpu").spread(16)
    styles = Pictures(list_pictures(SHARED / "media" / "styles"), SIDE, SIDE, (1.0, 1.0), "cpu").spread(8)
    figures = {}
    (ROOT / "out").mkdir(exist_ok=True)
    for name in models:
        stylizer = Stylizer(name, device="cpu", runtime="pytorch")
        figures[stylizer.model.card.name] = asdict(judge_model(stylizer, judge, contents, styles))
        sheet = ROOT / "out" / f"sheet_{stylizer.model.card.name}.png"
        with torch.inference_mode():
            sample_sheet(stylizer.net, contents[::4], styles, path=sheet)
    first, *others = figures
    ratios = {
        other: {key: figures[first][key] / figures[other][key] for key in figures[first] if key != "pairs"}
        for other in others
    }
    record("quality", {"side": SIDE, "figures": figures, f"{first}_over": ratios})
