"""An engine in a process of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Engine:
    """home: the folder that styles may be taken from; it holds noise.png."""

    socket: Path
    home: Path
    process: subprocess.Popen

    @property
    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def start(socket: Path, model: Path, home: Path, *options: str) -> Engine:
    """Returns when it listens."""
    command = [sys.executable, "-m", "vidstyle", "serve-frames", "--socket", socket, "--model", model, *options]
    environment = {**os.environ, "HOME": str(home), "COLUMNS": "1000"}
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, env=environment)
    assert process.stdout
    assert str(socket).encode() in process.stdout.readline()
    return Engine(socket, home, process)
