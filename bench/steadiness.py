"""Steadiness of models on moving clips, frame by frame and at every temporal level.

Usage: python bench/steadiness.py [MODEL …]      default: brisk and MicroAST
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import fmean

from results_file import ROOT, SHARED, record

from vidstyle.evaluation.page import check_report
from vidstyle.evaluation.paintings import TemporalTrial
from vidstyle.evaluation.temporal_report import mean_rows, write_temporal_report
from vidstyle.perception import load_lpips, load_perceptual

VIDEO = SHARED / "media" / "video"
CLIPS = [
    *(VIDEO / name for name in ("skv_bigbuckbunny.mp4", "intel_car-detection.mp4", "asl_book.mkv")),
    VIDEO / "sintel_mmflow_demo.mp4",
    ROOT / "samples" / "harbour.mp4",
]
STYLES = ["waves", "brushwork", "glass"]
LEVELS = ["off", "fast", "best"]
FRAMES, SIDE = 40, 480


if __name__ == "__main__":
    models = sys.argv[1:] or ["brisk", str(SHARED / "peers" / "microast")]
    (ROOT / "out").mkdir(exist_ok=True)
    check_report(ROOT / "out" / "steadiness.html")
    judge, lpips = load_perceptual(SHARED / "teachers"), load_lpips(SHARED / "teachers" / "lpips")
    trial = TemporalTrial(judge, lpips, LEVELS, STYLES, "dis", FRAMES, SIDE, "cpu")
    for clip in CLIPS:
        trial.judge_models(clip, models)
        print(clip.name, file=sys.stderr)
    write_temporal_report(ROOT / "out" / "steadiness.html", trial.found, trial.shown, judge.about)
    rows = {f"{model} {level}".strip(): figures for (model, level), figures in mean_rows(trial.found).items()}

    def of_clips(model: str, level: str) -> dict[str, float]:
        """Warping error from frame to frame by clip, mean over styles."""
        own = [one for one in trial.found if (one.model, one.level) == (model, level)]
        clips = dict.fromkeys(one.clip for one in own)
        return {clip: fmean(one.figures["warping_1"] for one in own if one.clip == clip) for clip in clips}

    first, *others = (Path(model).name for model in models)
    names = ("warping_1", "warping_10")
    ratios = {
        other: {name: rows[f"{first} off"][name] / rows[f"{other} off"][name] for name in names} for other in others
    }
    pairs = dict.fromkeys((one.model, one.level) for one in trial.found)
    record(
        "steadiness",
        {
            "frames": FRAMES,
            "side": SIDE,
            "styles": STYLES,
            "means": rows,
            "warping_1": {f"{model} {level}".strip(): of_clips(model, level) for model, level in pairs},
            f"{first}_over": ratios,
        },
    )
