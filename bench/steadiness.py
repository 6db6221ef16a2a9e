"""Warping error of models that paint frame by frame, on moving clips, without a stabiliser.

Usage: python bench/steadiness.py [MODEL …]      default: brisk and MicroAST
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import fmean

import cv2
import torch
from results_file import ROOT, SHARED, record

from vidstyle import Stylizer
from vidstyle.evaluation.steadiness import motions, warping_error
from vidstyle.media import open_source
from vidstyle.temporal.flow import flow_estimator

CLIPS = ["skv_bigbuckbunny.mp4", "intel_car-detection.mp4", "asl_book.mkv", "sintel_mmflow_demo.mp4"]
STYLES = ["waves", "brushwork", "glass"]
FRAMES, WIDTH, INTERVALS = 24, 480, (1, 10)


def frames(path: Path) -> list[torch.Tensor]:
    """The first frames of a clip, (1, 3, H, W) in [0, 1], WIDTH wide."""
    found = []
    with open_source(path) as source:
        for frame in source:
            rgb = frame.rgb if frame.rgb.dtype == "uint8" else (frame.rgb // 257).astype("uint8")
            height = round(rgb.shape[0] * WIDTH / rgb.shape[1])
            small = cv2.resize(rgb, (WIDTH, height), interpolation=cv2.INTER_AREA)
            found.append(torch.from_numpy(small).permute(2, 0, 1)[None].float() / 255)
            if len(found) == FRAMES:
                break
    return found


if __name__ == "__main__":
    models = sys.argv[1:] or ["brisk", str(SHARED / "peers" / "microast")]
    stylizers = {Path(model).name: Stylizer(model, device="cpu") for model in models}
    table: dict = {}
    for clip in [*CLIPS, ROOT / "samples" / "harbour.mp4"]:
        contents = frames(SHARED / "media" / "video" / clip)
        known = {interval: motions(contents, interval, flow_estimator("dis")) for interval in INTERVALS}
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
