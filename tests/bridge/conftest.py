"""A running engine with the tiny model, and frames for it."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

import vidstyle

# For client.py, which bench/bridge.py uses too, and running.py.
sys.path.insert(0, str(Path(__file__).parent))

if sys.platform != "linux":
    pytest.skip("frames are served on Linux only", allow_module_level=True)


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[Any]:
    home = tmp_path_factory.mktemp("home")
    Image.effect_noise((80, 64), 90).convert("RGB").save(home / "noise.png")
    from running import start

    running = start(tmp_path_factory.mktemp("engine") / "engine.sock", model, home)
    yield running
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(60) == 0
    assert not running.socket.exists()


@pytest.fixture(scope="session")
def stylizer(model: Path) -> vidstyle.Stylizer:
    return vidstyle.Stylizer(model)


@pytest.fixture(scope="session")
def frames() -> np.ndarray:
    """12 RGBA frames, (12, 48, 64, 4): a picture that moves by two pixels a frame."""
    noise = np.random.default_rng(0).random((48, 88, 4), np.float32)
    wide = (cv2.GaussianBlur(noise, (0, 0), 3) * 5 - 2).clip(0, 1)
    return np.stack([(255 * wide[:, 2 * i : 2 * i + 64]).astype(np.uint8) for i in range(12)])
