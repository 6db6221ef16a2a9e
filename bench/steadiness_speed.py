"""What `--temporal` costs beside painting: milliseconds a frame, in turns in one process, best tenth and median.

Usage: python bench/steadiness_speed.py [WIDTH HEIGHT [MODEL]]      default: 640 360 brisk
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command does, before PyTorch is imported

import sys
import time
from itertools import pairwise
from statistics import fmean, median

import torch
from results_file import ROOT, record

from vidstyle import ClipMemory, Stylizer
from vidstyle.media import open_source
from vidstyle.pipeline.convert import upload

ROUNDS, FRAMES = 8, 60
LEVELS = ["fast", "best"]


def main() -> None:
    width, height = map(int, sys.argv[1:3] or (640, 360))
    stylizer = Stylizer(*sys.argv[3:4] or ["brisk"])
    code, device = stylizer.encode_style("waves"), stylizer.device
    with open_source(ROOT / "samples" / "harbour.mp4") as source:
        frames = [frame for frame, _ in zip(source, range(FRAMES), strict=False)]
    size = width, height
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ("painting", *LEVELS)}

    def now() -> tuple[float, float]:
        if device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter(), time.process_time()

    for level, _ in ((level, round_) for round_ in range(ROUNDS) for level in LEVELS):
        memory = ClipMemory(level)
        for number, frame in enumerate(frames):
            pixels = upload([frame], device, size).pixels
            times = [now()]
            seen = stylizer.look(pixels, memory)
            times.append(now())
            painted = stylizer(pixels, code)
            times.append(now())
            stylizer.steadied(seen, painted, memory, number)
            times.append(now())
            # The first frames of a clip have no past, or wait.
            if number > 8:
                look, paint, steady = ([b - a for a, b in zip(*pair, strict=True)] for pair in pairwise(times))
                taken["painting"].append((paint[0], paint[1]))
                taken[level].append((look[0] + steady[0], look[1] + steady[1]))
        stylizer.finish(memory)
    figures: dict[str, dict[str, float]] = {}
    for name, pairs in taken.items():
        clock, busy = (sorted(1000 * value for value in kind) for kind in zip(*pairs, strict=True))
        tenth = len(clock) // 10
        figures[name] = {
            "clock_best": fmean(clock[:tenth]),
            "clock_median": median(clock),
            "processor_best": fmean(busy[:tenth]),
            "processor_median": median(busy),
        }
    shares = {
        level: {kind: figures[level][kind] / figures["painting"][kind] for kind in figures[level]} for level in LEVELS
    }
    record(
        "steadiness_speed",
        {"size": size, "model": stylizer.name, "runtime": stylizer.runtime, "milliseconds": figures, "shares": shares},
    )


if __name__ == "__main__":
    main()
