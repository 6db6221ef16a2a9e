"""End-point errors of the flow estimators: a street from a moving car (KITTI 2015), and made-up motion of real frames.

Usage: python bench/flow.py
"""

from __future__ import annotations

import time

import cv2
import numpy as np
import torch
from results_file import ROOT, SHARED, record

from vidstyle.evaluation.clips import read_frames
from vidstyle.temporal.flow import FlowEstimator, flow_estimator
from vidstyle.temporal.random_flow import random_flow
from vidstyle.temporal.warp import warp

KITTI = SHARED / "media" / "flow" / "kitti2015_sample"
ESTIMATORS = [
    ("dis", 1.0),
    ("dis", 0.5),
    ("dis-fast", 0.5),
    ("dis-ultrafast", 0.5),
    ("farneback", 1.0),
    ("lk", 1.0),
    ("lk", 0.5),
]

Pair = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def street() -> Pair:
    """Two frames (1, 3, H, W) and the flow between them, not a number where it was not measured."""
    first, second = (cv2.imread(str(KITTI / f"frame{i}.png"))[..., ::-1].astype(np.float32) / 255 for i in (1, 2))
    codes = cv2.imread(str(KITTI / "flow_gt.png"), cv2.IMREAD_UNCHANGED)[..., ::-1].astype(np.float32)
    flow = np.where(codes[..., 2:] > 0, (codes[..., :2] - 2**15) / 64, np.nan)
    return tuple(torch.from_numpy(np.ascontiguousarray(x)).permute(2, 0, 1)[None] for x in (first, second, flow))


def made_up() -> list[Pair]:
    """Frames of the sample clip, moved by up to some ten pixels."""
    frames, _ = read_frames(ROOT / "samples" / "harbour.mp4", 40, 640)
    pairs = []
    for number, frame in enumerate(frames[::10]):
        flow = random_flow(1, *frame.shape[-2:], generator=torch.Generator().manual_seed(number))
        pairs.append((warp(frame, flow), frame, flow))
    return pairs


def judged(estimate: FlowEstimator, pairs: list[Pair]) -> dict[str, float]:
    errors, seconds = [], []
    for first, second, known in pairs:
        started = time.perf_counter()
        found = estimate(first, second)
        seconds.append(time.perf_counter() - started)
        errors.append((found - known).norm(dim=1)[..., 16:-16, 16:-16].flatten())
    error = torch.cat(errors)
    error = error[error.isfinite()]
    return {"mean": error.mean().item(), "median": error.median().item(), "ms": 1000 * min(seconds)}


if __name__ == "__main__":
    sets = {"street": [street()], "made up": made_up()}
    table = {}
    for name, scale in ESTIMATORS:
        estimate = flow_estimator(name, scale=scale)
        row = {about: judged(estimate, pairs) for about, pairs in sets.items()}
        table[f"{name} at {scale:g}"] = row
        print(name, scale, row)
    record("flow", {"end_point_errors": table})
