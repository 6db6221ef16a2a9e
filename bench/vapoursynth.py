"""What vidstyle.Stylize adds to a frame in VapourSynth, besides the net: milliseconds at 720p and 1080p.

    make -C plugins/vapoursynth PYTHON=... && VAPOURSYNTH_PYTHON=... python bench/vapoursynth.py [--frames 300]

An engine that answers at once and paints nothing stands in for the real one. Frames that go to it, frames that pass
through the same filter without a style, and two copies of the bytes that are handed over take turns in one process, so
that whatever else the machine does meets all three alike. Where other work shares the cores, the least and the best
tenth tell more than the median, and so does the host's processor time, which counts no waiting.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from gstreamer import SIZES, serve
from results_file import ROOT, record

FORMATS = {"RGB24": 4.0, "YUV420P8": 1.5}
"""Bytes of a pixel on the way to the engine; R, G and B become RGBA before and planes again behind it."""

TURNS = """
import json, sys, time
import vapoursynth as vs
import vidstyle_vs
format, width, height, frames, size = getattr(vs, sys.argv[1]), *map(int, sys.argv[2:])
blank = vs.core.std.BlankClip(width=width, height=height, format=format, length=frames, keep=True)
passing, painted = (vidstyle_vs.stylize(blank, style=style, temporal="off") for style in ("", "waves"))
memory = [bytearray(b"1" * size) for _ in range(16)]
def copies(n):
    here, there, back = (memory[(3 * n + k) % 16] for k in range(3))
    there[:] = here
    back[:] = there
def pull(clip):
    def frame(n):
        clip.get_frame(n).close()
    return frame
turns = {"passing": pull(passing), "painted": pull(painted), "copies": copies}
times = {name: ([], []) for name in turns}
order = list(turns.items())
for n in range(frames):
    order.append(order.pop(0))  # who comes behind the copies finds its frames in no cache
    for name, turn in order:
        begun, before = time.perf_counter(), time.process_time()
        turn(n)
        times[name][0].append(1000 * (time.perf_counter() - begun))
        times[name][1].append(1000 * (time.process_time() - before))
with painted.get_frame(frames - 1) as frame:
    assert frame.props["VidstylePainted"] == 1
print(json.dumps(times))
"""


def tenths(values: np.ndarray) -> list[float]:
    """The least, the 10th of 100 and the median."""
    return [round(float(value), 3) for value in np.percentile(values, (0, 10, 50))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=300)
    given = parser.parse_args()
    python = os.environ.get("VAPOURSYNTH_PYTHON", str(ROOT / ".venv" / "vapoursynth" / "bin" / "python"))
    figures: dict = {"frames": given.frames, "load_average": os.getloadavg()}
    with tempfile.TemporaryDirectory() as folder:
        ready = multiprocessing.Event()
        engine = multiprocessing.Process(target=serve, args=(Path(folder) / "s", ready), daemon=True)
        engine.start()
        ready.wait()
        built = ROOT / "plugins" / "build" / "vapoursynth"
        environment = os.environ | {"PYTHONPATH": str(built), "VIDSTYLE_SOCKET": f"{folder}/s"}
        for format, bytes_per_pixel in FORMATS.items():
            for label, (width, height) in SIZES.items():
                numbers = [width, height, given.frames, int(width * height * bytes_per_pixel)]
                command = [python, "-c", TURNS, format, *map(str, numbers)]
                ran = subprocess.run(command, env=environment, cwd=folder, check=True, stdout=subprocess.PIPE)
                told = json.loads(ran.stdout)
                wall, cpu = (
                    {name: np.array(both[kind][given.frames // 10 :]) for name, both in told.items()} for kind in (0, 1)
                )
                figures[f"{format} {label}"] = {
                    "added_ms": float(np.median(wall["painted"] - wall["passing"])),
                    "wall_ms": {name: tenths(values) for name, values in wall.items()},
                    "host_cpu_ms": {name: tenths(values) for name, values in cpu.items()},
                }
        engine.terminate()
    record("vapoursynth", figures)


if __name__ == "__main__":
    main()
