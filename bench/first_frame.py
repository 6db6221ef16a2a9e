"""How long the first painted frame of a size takes, where the engine knows it from last time and where it does not.

Usage: python bench/first_frame.py [TIMES]                           default: 3

An engine is started and left alone until it does nothing, as a service would be; then a client comes that opens its
memory, sets a style and hands a frame over. The second frame is there for comparison.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from results_file import ROOT, record

sys.path.insert(0, str(ROOT / "tests" / "bridge"))
from client import Client

SIZES = ((640, 360), (1280, 720))


def busy(process: subprocess.Popen) -> int:
    """Clock ticks that it has worked."""
    return sum(map(int, Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]))


def frames(size: tuple[int, int], known: bool) -> list[float]:
    """Seconds until the first painted frame is back, from when the client comes, and of the second one."""
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "vidstyle" / "sizes.json"
        cache.parent.mkdir(mode=0o700)
        if known:
            cache.write_text(json.dumps([size]))
        socket = cache.parent / "engine.sock"
        command = [sys.executable, "-m", "vidstyle", "serve-frames", "--socket", str(socket)]
        environment = os.environ | {"XDG_CACHE_HOME": folder, "OMP_WAIT_POLICY": "PASSIVE"}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
        assert process.stdout
        process.stdout.readline()
        before = -1
        while busy(process) > before:
            before = busy(process)
            time.sleep(2)
        frame = np.random.default_rng(0).integers(0, 256, 4 * size[0] * size[1], np.uint8)
        times = [time.perf_counter()]
        client = Client(socket, timeout=300)
        client.open(*size)
        client.set(style="waves")
        for number in range(2):
            assert client.paint(frame, number) is not None
            times.append(time.perf_counter())
        client.close()
        process.send_signal(signal.SIGTERM)
        process.wait()
        return [after - before for before, after in itertools.pairwise(times)]


def main(times: int) -> None:
    figures: dict = {"load_average": os.getloadavg()}
    for width, height in SIZES:
        taken = {"unknown": [], "known": []}
        for _ in range(times):
            for name, rows in taken.items():
                rows.append(frames((width, height), name == "known"))
        figures[f"{width}x{height}"] = {
            name: {
                "first_frame_s": round(statistics.median(first for first, _ in rows), 3),
                "second_frame_s": round(statistics.median(second for _, second in rows), 3),
            }
            for name, rows in taken.items()
        }
    record("first_frame", figures)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 3)
