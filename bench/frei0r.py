"""What the frei0r plugin adds to a frame in ffmpeg and MLT, besides the net: milliseconds at 720p and 1080p.

    make -C plugins && python bench/frei0r.py [--frames 400]

An engine that answers at once and paints nothing stands in for the real one, and this process for the host: it calls
the plugin as hosts do. Frames that go to the engine, frames that pass through without a style, and two copies of the
same bytes take turns.
"""

from __future__ import annotations

import argparse
import ctypes
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from gstreamer import SIZES, serve
from results_file import ROOT, record


def filtering(
    plugin: ctypes.CDLL, width: int, height: int, style: bytes
) -> Callable[[int, np.ndarray, np.ndarray], None]:
    """A call of the plugin for frame n, from one picture into another."""
    instance = plugin.f0r_construct(width, height)
    plugin.f0r_set_param_value(instance, ctypes.byref(ctypes.c_char_p(style)), 0)

    def update(n: int, here: np.ndarray, there: np.ndarray) -> None:
        plugin.f0r_update(instance, n / 25, here.ctypes.data, there.ctypes.data)

    return update


def measure(plugin: ctypes.CDLL, width: int, height: int, frames: int) -> dict[str, object]:
    memory = np.ones((16, 4 * width * height), np.uint8)
    passing, painted = (filtering(plugin, width, height, style) for style in (b"", b"waves"))

    def copies(n: int, here: np.ndarray, there: np.ndarray) -> None:
        back = memory[(5 * n + 4) % 16]
        back[:] = here
        there[:] = back

    turns = {"passing": passing, "painted": painted, "copies": copies}
    times: dict[str, list[float]] = {name: [] for name in turns}
    order = list(turns.items())
    for n in range(frames):
        order.append(order.pop(0))
        for k, (name, turn) in enumerate(order):
            here, there = memory[(5 * n + k) % 16], memory[(5 * n + k + 8) % 16]
            begun = time.perf_counter()
            turn(n, here, there)
            times[name].append(1000 * (time.perf_counter() - begun))
    settled = {name: np.array(values[frames // 10 :]) for name, values in times.items()}
    return {
        "added_ms": float(np.median(settled["painted"] - settled["passing"])),
        "wall_ms": {name: np.percentile(values, (10, 50, 90)).round(3).tolist() for name, values in settled.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=400)
    given = parser.parse_args()
    plugin = ctypes.CDLL(str(ROOT / "plugins" / "build" / "frei0r" / "vidstyle.so"))
    plugin.f0r_construct.restype = ctypes.c_void_p
    plugin.f0r_set_param_value.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
    plugin.f0r_update.argtypes = [ctypes.c_void_p, ctypes.c_double, ctypes.c_void_p, ctypes.c_void_p]
    plugin.f0r_init()
    with tempfile.TemporaryDirectory() as folder:
        ready = multiprocessing.Event()
        engine = multiprocessing.Process(target=serve, args=(Path(folder) / "s", ready), daemon=True)
        engine.start()
        ready.wait()
        os.environ["VIDSTYLE_SOCKET"] = f"{folder}/s"
        figures = {label: measure(plugin, *size, given.frames) for label, size in SIZES.items()}
        engine.terminate()
    record("frei0r", {"frames": given.frames, "load_average": os.getloadavg()} | figures)


if __name__ == "__main__":
    main()
