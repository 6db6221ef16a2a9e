"""The frame server as a client meets it: its own process, a real socket, real shared memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from client import Client

import vidstyle


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[Path]:
    """The socket of a running engine with the tiny model."""
    socket = tmp_path_factory.mktemp("engine") / "engine.sock"
    command = [sys.executable, "-m", "vidstyle", "serve-frames", "--socket", socket, "--model", model]
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, env={**os.environ, "COLUMNS": "1000"})
    assert process.stdout
    assert str(socket).encode() in process.stdout.readline()
    yield socket
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert not socket.exists()


@pytest.fixture(scope="module")
def stylizer(model: Path) -> vidstyle.Stylizer:
    return vidstyle.Stylizer(model)


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)


def test_a_frame_is_painted_in_place(engine: Path, stylizer: vidstyle.Stylizer) -> None:
    client, frame = Client(engine), picture(50, 70)
    client.open(70, 50)
    assert client.paint(frame, 0) is None
    client.set(style="waves", temporal="off")
    painted = client.paint(frame, 1)
    assert painted is not None
    pixels = torch.from_numpy(frame[..., :3].copy()).permute(2, 0, 1)[None] / 255
    expected = stylizer(pixels, stylizer.encode_style("waves"))[0].permute(1, 2, 0).numpy() * 255
    assert np.abs(painted[..., :3] - expected).max() <= 0.51
    assert (painted[..., 3] == frame[..., 3]).all()
