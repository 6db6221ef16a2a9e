"""brisk against MicroAST, and a whole run against its slowest stage alone; ratios in one process.

Usage: python bench/speed.py [CLIP]
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command does, before PyTorch is imported

import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from results_file import ROOT, SHARED, record

from vidstyle import Stylizer, stylize
from vidstyle.evaluation.speed import compare
from vidstyle.media import EncoderSettings, open_sink, open_source
from vidstyle.pipeline.convert import Download, upload

SIZE = (816, 512)
ROUNDS = 12
MICROAST = SHARED / "peers" / "microast"


def nets() -> dict:
    """Milliseconds per frame, models taking turns."""
    stylizers = [Stylizer("brisk")]
    if MICROAST.exists():
        stylizers.append(Stylizer(MICROAST, runtime="pytorch"))
    stylizers += [Stylizer("brisk", precision="fp32"), Stylizer("brisk", runtime="pytorch")]
    speeds = [asdict(speed) for speed in compare(stylizers, *SIZE, rounds=ROUNDS)]
    found: dict = {"nets": speeds}
    if len(speeds) == 4:
        found["brisk_times_faster_than_microast_median"] = speeds[1]["milliseconds"] / speeds[0]["milliseconds"]
        found["brisk_times_faster_than_microast_best"] = speeds[1]["fastest"] / speeds[0]["fastest"]
        found["brisk_fp32_times_faster_than_microast_median"] = speeds[1]["milliseconds"] / speeds[2]["milliseconds"]
    return found


def whole_run(clip: Path, model: str | Path = "brisk", repeats: int = 3) -> dict:
    """Wall time of a run over that of each stage alone, on the same frames; the best of some repeats."""
    painter = Stylizer(model)
    code = painter.encode_style("waves")
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "out.mp4"
        stylize(clip, "waves", output, model=painter, temporal="off")  # compiles, tunes
        for _ in range(repeats):
            alone = {}
            started = time.perf_counter()
            with open_source(clip) as source:
                frames = list(source)
                for frame in frames:
                    frame.rgb  # noqa: B018
            alone["decode"] = time.perf_counter() - started

            started = time.perf_counter()
            for frame in frames:
                batch = upload([frame], painter.device, source.info.size)
                batch.pixels = painter(batch.pixels, code)
                Download(batch).frames()
            alone["stylize"] = time.perf_counter() - started

            with open_source(clip) as source:
                started = time.perf_counter()
                with open_sink(output, source, encoder=EncoderSettings()) as sink:
                    next(iter(source))
                    for frame in frames:
                        sink.write(frame)
                alone["encode"] = time.perf_counter() - started

            result = stylize(clip, "waves", output, model=painter, temporal="off")
            wall = result.frames / result.fps
            slowest = max(alone, key=alone.__getitem__)
            runs.append(
                {
                    "fps": result.fps,
                    "wall_seconds": wall,
                    "alone_seconds": alone,
                    "slowest": slowest,
                    "wall_over_slowest": wall / alone[slowest],
                    "wall_over_sum": wall / sum(alone.values()),
                }
            )
    best = max(runs, key=lambda run: run["fps"])
    return {"clip": clip.name, "size": list(result.size), "frames": result.frames, "runtime": result.runtime, **best}


if __name__ == "__main__":
    clip = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "samples" / "harbour.mp4"
    runs = {"brisk": whole_run(clip)}
    if MICROAST.exists():
        runs["microast"] = whole_run(clip, MICROAST, repeats=1)
    record("speed", {**nets(), "whole_run": runs})
