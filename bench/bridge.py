"""The frame server: what a frame costs on its way, and whether anything is left behind.

Usage: python bench/bridge.py [CONNECTS]
"""

from __future__ import annotations

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

SIZES = {"720p": (1280, 720), "1080p": (1920, 1080)}
PASSES, PAINTINGS = 1000, 20


def left(process: subprocess.Popen) -> dict[str, float]:
    """Open descriptors and resident megabytes of the engine."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    kilobytes = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
    return {"descriptors": len(os.listdir(f"/proc/{process.pid}/fd")), "megabytes": kilobytes / 1024}


def cpu(process: subprocess.Popen) -> float:
    """Seconds of processor time that the engine has taken; these do not depend on what else the machine does."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def passing(client: Client, process: subprocess.Popen, frame: np.ndarray) -> dict[str, float]:
    """Milliseconds of a frame that is handed over and back, and of its two copies alone, in turns.

    What is added is the way there and back between the copies, and what the copies take longer for the pause.
    """
    slot, out = client.slots[0], np.empty_like(frame)
    whole, way, copies, before = [], [], [], cpu(process)
    for number in range(PASSES):
        began = time.perf_counter()
        slot[:] = frame
        asked = time.perf_counter()
        client.ask(number)
        client.done()
        answered = time.perf_counter()
        out[:] = slot
        between = time.perf_counter()
        slot[:] = frame
        out[:] = slot
        whole.append(between - began)
        way.append(answered - asked)
        copies.append(time.perf_counter() - between)
    added = [1000 * (a - b) for a, b in zip(whole, copies, strict=True)]
    ways = [1000 * seconds for seconds in way]
    return {
        "two_copies_ms": 1000 * statistics.median(copies),
        "handed_over_and_back_ms": 1000 * statistics.median(whole),
        "added_ms": statistics.median(added),
        "added_ms_10th_and_90th_of_100": [statistics.quantiles(added, n=10)[at] for at in (0, -1)],
        "way_ms": statistics.median(ways),
        "way_ms_10th_and_90th_of_100": [statistics.quantiles(ways, n=10)[at] for at in (0, -1)],
        "engine_cpu_ms": 1000 * (cpu(process) - before) / PASSES,
    }


def painting(client: Client, frame: np.ndarray, **settings: object) -> float:
    """Median milliseconds of a painted frame, both copies and the first frames left out."""
    client.set(style="waves", **settings)
    client.slots[0][:] = frame
    times = []
    for number in range(PAINTINGS + 5):
        began = time.perf_counter()
        client.ask(number)
        client.done()
        times.append(time.perf_counter() - began)
    client.set(style="")
    return 1000 * statistics.median(times[5:])


def connects(socket: Path, process: subprocess.Popen, count: int) -> dict[str, object]:
    """Clients that open memory, hand a frame over and go, every second one without waiting for it."""
    states = []
    for number in range(count + 1):
        if number % (count // 4) == 0:
            # An answer, after which the one before is gone.
            Client(socket).close()
            states.append({"connects": number, **left(process)})
        client = Client(socket)
        client.open(320, 180)
        client.ask(0)
        if number % 2:
            client.done()
        client.close()
    return {"after": states}


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        socket = Path(name) / "engine.sock"
        command = [sys.executable, "-m", "vidstyle", "serve-frames", "--socket", str(socket)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert process.stdout
        process.stdout.readline()
        # Milliseconds of a machine that does other things are those of waiting.
        figures: dict = {"load_average": os.getloadavg()}
        for label, (width, height) in SIZES.items():
            client, frame = Client(socket), np.random.default_rng(0).integers(0, 256, 4 * width * height, np.uint8)
            client.open(width, height)
            figures[label] = passing(client, process, frame)
            for temporal in ("off", "fast"):
                figures[label][f"painted_{temporal}_ms"] = painting(client, frame, temporal=temporal)
            client.close()
        figures["connects"] = connects(socket, process, count)
        process.send_signal(signal.SIGTERM)
        process.wait()
    record("bridge", figures)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
