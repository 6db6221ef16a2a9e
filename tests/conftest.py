"""A small clip and an untrained small model, made here; the helpers beside this can be imported."""

import sys
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch

from vidstyle.nets.brisk import Brisk, BriskSizes
from vidstyle.zoo import Card, save

sys.path.insert(0, str(Path(__file__).parent))

SMALL = BriskSizes(half=4, quarter=8, eighth=8, blocks=1, sixteenth=8, deep=1, trunk=(4, 8, 8, 8, 8), embedding=16)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save(Brisk(SMALL), Card(name="tiny", architecture="brisk"), path)
    return path


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 frames of 64×48 at 24000/1001 with uneven times, lossless, and a tone beside them."""
    path = tmp_path_factory.mktemp("clip") / "clip.mkv"
    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        video = container.add_stream("ffv1", rate=Fraction(24000, 1001))
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.codec_context.time_base = Fraction(1, 1000)
        audio = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        for i in range(60):
            frame = av.VideoFrame.from_ndarray(rng.integers(16, 235, (72, 64), np.uint8), "yuv420p")
            frame.pts, frame.time_base = 41 * i + 7 * (i % 3), Fraction(1, 1000)
            container.mux(video.encode(frame))
        tone = av.AudioFrame.from_ndarray(rng.integers(-9000, 9000, (1, 20000), np.int16), "s16", "mono")
        tone.sample_rate, tone.pts = 8000, 0
        for stream, packets in ((audio, audio.encode(tone)), (audio, audio.encode(None)), (video, video.encode(None))):
            del stream
            container.mux(packets)
    return path


@pytest.fixture(scope="session")
def pan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 frames of 144×96 at 25 Hz: a still picture under a camera that moves by a pixel a frame."""
    path = tmp_path_factory.mktemp("pan") / "pan.mp4"
    noise = np.random.default_rng(0).random((96, 156, 3), np.float32)
    wide = (cv2.GaussianBlur(noise, (0, 0), 2) * 3 - 1).clip(0, 1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 144, 96, "yuv420p"
        for i in range(12):
            pixels = np.ascontiguousarray((255 * wide[:, i : i + 144]).astype(np.uint8))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode(None))
    return path
