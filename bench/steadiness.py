"""Steadiness of models on moving clips, frame by frame and at every temporal level.

Usage: python bench/steadiness.py [--short] [MODEL …]      default: brisk and MicroAST; --short: fewer frames and styles
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import fmean

import torch
from results_file import ROOT, SHARED, record
from torch import Tensor

from vidstyle import ClipMemory, Stylizer
from vidstyle.evaluation.clips import read_frames
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
NOISE = 0.01


def still_camera(model: str, path: Path, style: str) -> dict[str, float]:
    """Mean squared difference of neighbouring frames × 1000, once settled, of one frame shown FRAMES times with noise.

    What does not move needs no flow to be compared: of noise an estimator makes motion.
    """
    (frame,), _ = read_frames(path, 1, SIDE)
    generator = torch.Generator().manual_seed(0)
    noisy = [(frame + NOISE * torch.randn(frame.shape, generator=generator)).clamp(0, 1) for _ in range(FRAMES)]
    stylizer = Stylizer(model, device="cpu")
    code = stylizer.encode_style(style)

    def flicker(frames: list[Tensor]) -> float:
        return 1000 * torch.cat(frames[FRAMES // 2 :]).diff(dim=0).square().mean().item()

    found = {"input": flicker(noisy), "off": flicker([stylizer(content, code) for content in noisy])}
    for level in LEVELS[1:]:
        memory = ClipMemory(level)
        painted = [frame for content in noisy for frame in stylizer(content, code, memory).split(1)]
        found[level] = flicker(painted + stylizer.finish(memory))
    return found


if __name__ == "__main__":
    short = "--short" in sys.argv
    if short:
        FRAMES, STYLES = 16, ["waves", "glass"]
    models = [one for one in sys.argv[1:] if one != "--short"] or ["brisk", str(SHARED / "peers" / "microast")]
    (ROOT / "out").mkdir(exist_ok=True)
    check_report(ROOT / "out" / "steadiness.html")
    judge, lpips = load_perceptual(SHARED / "teachers"), load_lpips(SHARED / "teachers" / "lpips")
    trial = TemporalTrial(judge, lpips, LEVELS, STYLES, "dis", FRAMES, SIDE, "cpu")
    for clip in CLIPS:
        trial.judge_models(clip, models)
        print(clip.name, file=sys.stderr)
    write_temporal_report(ROOT / "out" / "steadiness.html", trial.found, trial.shown, judge.about)
    rows = {f"{model} {level}".strip(): figures for (model, level), figures in mean_rows(trial.found).items()}

    def of_clips(name: str, model: str, level: str) -> dict[str, float]:
        """A figure by clip, mean over styles; clips that it cannot be had of are left out."""
        own = [one for one in trial.found if (one.model, one.level) == (model, level) and name in one.figures]
        clips = dict.fromkeys(one.clip for one in own)
        return {clip: fmean(one.figures[name] for one in own if one.clip == clip) for clip in clips}

    def by_clip(name: str, model: str, level: str) -> dict[str, float]:
        """A figure by clip over that of painting frame by frame."""
        alone = of_clips(name, model, "off")
        return {clip: value / alone[clip] for clip, value in of_clips(name, model, level).items()}

    first, *others = (Path(model).name for model in models)
    names = ("warping_1", "warping_10")
    ratios = {
        other: {name: rows[f"{first} off"][name] / rows[f"{other} off"][name] for name in names} for other in others
    }
    pairs = dict.fromkeys((one.model, one.level) for one in trial.found)
    record(
        "steadiness_short" if short else "steadiness",
        {
            "frames": FRAMES,
            "side": SIDE,
            "styles": STYLES,
            "means": rows,
            **{
                name: {f"{model} {level}".strip(): of_clips(name, model, level) for model, level in pairs}
                for name in names
            },
            "mean_of_clips_ratios": {
                f"{model} {level}": {name: fmean(by_clip(name, model, level).values()) for name in names}
                for model, level in pairs
                if level in LEVELS
            },
            f"{first}_over": ratios,
            "still_camera": {path.name: still_camera(models[0], path, STYLES[-1]) for path in CLIPS},
        },
    )
