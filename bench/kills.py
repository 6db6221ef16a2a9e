"""An engine that is killed again and again under one host: no frame may be lost, and the host must end well.

Usage: python bench/kills.py [KILLS] [WIDTH HEIGHT]                    default: 100 kills, 160×96

One ffmpeg with the frei0r plugin (plugins, built) gets frames one by one. An engine is started, frames are sent until
one comes back painted and some more, and it is killed (SIGKILL) with the next frame on its way; then the next one is
started.
Engines are forked from a process that has imported everything, which is most of starting one.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from results_file import ROOT, record

from vidstyle.bridge.place import Place
from vidstyle.bridge.server import FrameServer
from vidstyle.stylizers import Stylizer

LAG = 3
"""Frames that ffmpeg keeps back."""


def engine(place: Path) -> int:
    """A process that serves frames at a place."""
    process = os.fork()
    if process:
        return process
    try:
        FrameServer(Stylizer("brisk"), Place(place).socket).run()
    finally:
        os._exit(1)


class Host:
    """ffmpeg, a frame in and a frame out."""

    def __init__(self, width: int, height: int, socket: Path) -> None:
        raw = ["-f", "rawvideo", "-pix_fmt", "rgba", "-s", f"{width}x{height}", "-r", "25"]
        command = ["ffmpeg", "-v", "error", "-probesize", "32", *raw, "-i", "-", "-vf", "frei0r=vidstyle:waves", *raw]
        pipe = subprocess.PIPE
        places = {"FREI0R_PATH": str(ROOT / "plugins" / "build" / "frei0r"), "VIDSTYLE_SOCKET": str(socket)}
        self.process = subprocess.Popen(
            [*command, "-flush_packets", "1", "-"], stdin=pipe, stdout=pipe, stderr=pipe, env=os.environ | places
        )
        self.shape = height, width, 4
        self.sent: list[np.ndarray] = []
        self.got = self.painted = 0
        self.longest = 0.0

    def send(self) -> None:
        frame = np.full(self.shape, 255, np.uint8)
        frame[..., :3] = np.random.default_rng(len(self.sent)).integers(0, 256, (*self.shape[:2], 3))
        self.sent.append(frame)
        assert self.process.stdin
        self.process.stdin.write(frame.tobytes())
        self.process.stdin.flush()

    def receive(self) -> bool:
        """The next frame; is it painted?"""
        assert self.process.stdout
        frame = np.frombuffer(self.process.stdout.read(self.sent[0].nbytes), np.uint8).reshape(self.shape)
        painted = not (frame == self.sent[self.got]).all()
        self.got += 1
        self.painted += painted
        return painted

    def step(self) -> bool:
        """A frame in, a frame out; is that one painted?"""
        began = time.monotonic()
        self.send()
        painted = len(self.sent) > LAG and self.receive()
        self.longest = max(self.longest, time.monotonic() - began)
        return painted


def main() -> None:
    kills, width, height = (int(word) for word in [*sys.argv[1:], *["100", "160", "96"][len(sys.argv) - 1 :]])
    chance = random.Random(0)
    with TemporaryDirectory() as folder:
        place = Path(folder) / "engine.sock"
        host = Host(width, height, place)
        began = time.monotonic()
        for _ in range(kills):
            process = engine(place)
            while not host.step():
                time.sleep(0.02)
            for _ in range(chance.randrange(8)):
                host.step()
            host.send()
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            host.receive()
            for _ in range(LAG + 1):  # what it painted before is through
                host.step()
        took = time.monotonic() - began
        assert host.process.stdin
        host.process.stdin.close()
        while host.got < len(host.sent):
            host.receive()
        assert host.process.stderr
        said = host.process.stderr.read().decode()
        figures = {
            "kills": kills,
            "size": [width, height],
            "frames_in": len(host.sent),
            "frames_out": host.got,
            "painted": host.painted,
            "host_exit": host.process.wait(),
            "longest_frame_s": round(host.longest, 2),
            "seconds": round(took, 1),
            "times_told_gone": said.count("the engine has gone"),
            "times_told_painted": said.count("painted by"),
        }
    record("kills", figures)


if __name__ == "__main__":
    main()
