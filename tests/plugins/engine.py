"""A real engine beside the tests, and what vidstyle itself paints of the same frames."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch

import vidstyle

from .scripted import HEADER, HELLO, MAGIC, WELCOME

WAIT = 180.0
"""Seconds after which an engine that does not answer has failed to start."""


class Engine:
    """`vidstyle serve-frames` on a socket of its own; it ends with the `with`."""

    def __init__(self, folder: Path, model: Path) -> None:
        """folder: of the socket, made with mode 0700; style pictures may lie in it."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.socket = folder / "engine.sock"
        options = ("--socket", self.socket, "--model", model, "--styles", folder)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vidstyle", "serve-frames", *map(str, options)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_WAIT_POLICY": "PASSIVE", "XDG_CACHE_HOME": str(folder)},
        )
        self._wait_for_welcome()

    def _wait_for_welcome(self) -> None:
        """It listens before its model is loaded, and answers after."""
        until = time.monotonic() + WAIT
        with socket.socket(socket.AF_UNIX) as probe:
            while probe.connect_ex(str(self.socket)) != 0:
                assert self.process.poll() is None, self.process.communicate()[1]
                assert time.monotonic() < until, "the engine does not listen"
                time.sleep(0.05)
            probe.settimeout(WAIT)
            probe.sendall(HEADER.pack(HEADER.size + 48, HELLO, 0, 0, 0) + struct.pack("=IHH40s", MAGIC, 1, 0, b"test"))
            assert HEADER.unpack(probe.recv(HEADER.size))[1] == WELCOME

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        self.process.communicate(timeout=30)


def moving_picture(count: int, height: int, width: int) -> np.ndarray:
    """A coloured pattern under a camera that moves by a pixel a frame: (N, H, W, 3), uint8."""
    y, x = np.mgrid[:height, : width + count].astype(np.float32)
    wide = np.stack([np.sin(x / 7) + np.cos(y / 5), np.sin((x + y) / 9), np.cos(x / 11 - y / 6)], -1)
    codes = (127.5 + 55 * wide).clip(0, 255).astype(np.uint8)
    return np.stack([codes[:, n : n + width] for n in range(count)])


def paintings(model: Path, style: str, frames: np.ndarray, temporal: str = "off") -> np.ndarray:
    """What vidstyle's library paints of (N, H, W, 3) uint8, frame by frame -> the same shape."""
    stylizer = vidstyle.Stylizer(model)
    code = stylizer.encode_style(style)
    memory = stylizer.remember(temporal)
    done = []
    for index, frame in enumerate(frames):
        tensor = torch.from_numpy(frame).permute(2, 0, 1)[None].float() / 255  # (1, 3, H, W)
        painted = stylizer(tensor, code, memory, index) if memory else stylizer(tensor, code)
        done.append(painted[0].permute(1, 2, 0).mul(255).round().byte().numpy())
    return np.stack(done)


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """Mean absolute difference of codes."""
    return float(np.abs(a.astype(np.int16) - b.astype(np.int16)).mean())
