"""Warping error of models that paint frame by frame, on moving clips, without a stabiliser.

Usage: python bench/steadiness.py [MODEL …]      default: brisk and MicroAST
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import fmean

from results_file import ROOT, SHARED, record

from vidstyle import Stylizer
from vidstyle.evaluation.clips import load_clip
from vidstyle.evaluation.steadiness import warping_error
from vidstyle.temporal.flow import flow_estimator

CLIPS = ["skv_bigbuckbunny.mp4", "intel_car-detection.mp4", "asl_book.mkv", "sintel_mmflow_demo.mp4"]
STYLES = ["waves", "brushwork", "glass"]
FRAMES, WIDTH, INTERVALS = 24, 480, (1, 10)


if __name__ == "__main__":
    models = sys.argv[1:] or ["brisk", str(SHARED / "peers" / "microast")]
    stylizers = {Path(model).name: Stylizer(model, device="cpu") for model in models}
    table: dict = {}
    for clip in [*CLIPS, ROOT / "samples" / "harbour.mp4"]:
        loaded = load_clip(SHARED / "media" / "video" / clip, FRAMES, WIDTH, flow_estimator("dis"))
        contents, known = loaded.frames, loaded.motions
        row = {"content": {f"{n}": warping_error(contents, known[n], n) for n in INTERVALS}}
        for name, stylizer in stylizers.items():
            errors: dict[str, list[float]] = {}
            for style in STYLES:
                code = stylizer.encode_style(style)
                painted = [stylizer(content, code).clone() for content in contents]
                for n in INTERVALS:
                    errors.setdefault(f"{n}", []).append(warping_error(painted, known[n], n))
            row[name] = {n: fmean(values) for n, values in errors.items()}
        table[Path(clip).name] = row
        print(Path(clip).name, row, file=sys.stderr)
    names = ["content", *stylizers]
    means = {name: {f"{n}": fmean(row[name][f"{n}"] for row in table.values()) for n in INTERVALS} for name in names}
    first, *others = stylizers
    ratios = {name: {n: value / means[name][n] for n, value in means[first].items()} for name in others}
    record(
        "steadiness",
        {"frames": FRAMES, "width": WIDTH, "styles": STYLES, "clips": table, "means": means, f"{first}_over": ratios},
    )
