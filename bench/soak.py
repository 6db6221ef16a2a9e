"""Memory, descriptors and frames of the engine and a host that stream for long: none may grow, none may be lost.

Usage: python bench/soak.py [MINUTES] [WIDTH HEIGHT] [FPS]      default: 30 minutes of 320×180 at 30 frames per second

A live GStreamer pipeline (plugins/gstreamer, built) sends frames to an engine of its own; every ten seconds both
processes are looked at. The first minute is not counted: runtimes and allocators settle in it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from results_file import ROOT, record

EVERY = 10.0
SETTLE = 60.0


def look(process: int) -> dict[str, float]:
    """Resident MB, open descriptors and threads of a process."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    return {
        "mb": int(status["VmRSS"].split()[0]) / 1024,
        "descriptors": len(os.listdir(f"/proc/{process}/fd")),
        "threads": int(status["Threads"]),
    }


def spread(rows: list[dict[str, float]]) -> dict[str, list[float]]:
    """First, smallest, largest and last of each figure."""
    columns = {key: [row[key] for row in rows] for key in rows[0]}
    return {key: [round(n, 1) for n in (v[0], min(v), max(v), v[-1])] for key, v in columns.items()}


def main() -> None:
    minutes, width, height, fps = (
        int(word) for word in [*sys.argv[1:], *["30", "320", "180", "30"][len(sys.argv) - 1 :]]
    )
    frames = 60 * minutes * fps
    with TemporaryDirectory() as folder:
        socket = Path(folder) / "engine.sock"
        command = [sys.executable, "-m", "vidstyle", "serve-frames", "--socket", str(socket)]
        engine = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | {"OMP_WAIT_POLICY": "PASSIVE"})
        while not socket.exists():
            assert engine.poll() is None, "the engine did not start"
            time.sleep(0.1)
        caps = f"video/x-raw,format=I420,width={width},height={height},framerate={fps}/1"
        source = f"videotestsrc is-live=true pattern=ball num-buffers={frames}"
        pipeline = f"{source} ! {caps} ! vidstyle name=v style=waves socket={socket} ! fakesink sync=true"
        host = subprocess.Popen(
            ["gst-launch-1.0", "-q", *pipeline.split()],
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"GST_PLUGIN_PATH": str(ROOT / "plugins" / "build" / "gstreamer")},
        )
        seen: dict[str, list[dict[str, float]]] = {"engine": [], "host": []}
        began = time.monotonic()
        while host.poll() is None:
            time.sleep(EVERY)
            if host.poll() is None and time.monotonic() - began > SETTLE:
                seen["engine"].append(look(engine.pid))
                seen["host"].append(look(host.pid))
        took = time.monotonic() - began
        errors = host.communicate()[1]
        ticks = sum(int(n) for n in Path(f"/proc/{engine.pid}/stat").read_text().rpartition(")")[2].split()[11:13])
        engine.send_signal(signal.SIGTERM)
        figures = {
            "frames": frames,
            "size": [width, height],
            "fps": round(frames / took, 2),
            "host_exit": host.returncode,
            "engine_exit": engine.wait(),
            "engine_cpu_ms_per_frame": round(1000 * ticks / os.sysconf("SC_CLK_TCK") / frames, 2),
            "first_least_most_last": {name: spread(rows) for name, rows in seen.items()},
            "warnings": errors.count("WARNING"),
        }
    record("soak", figures)


if __name__ == "__main__":
    main()
