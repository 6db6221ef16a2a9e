"""Render samples/harbour.mp4: two shots of a harbour, 640x360 at 24000/1001 frames per second, with stereo sound.

Run: python samples/harbour/render.py
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from paint import Array
from scene import afternoon, dusk
from sound import RATE, soundtrack

FPS = Fraction(24000, 1001)
FRAMES, CUT = 132, 80
BT709, LIMITED = 1, 1


def yuv420(picture: Array) -> np.ndarray:
    """Convert to 8-bit limited-range BT.709 4:2:0 planes, chroma sited left, stacked as PyAV takes them."""
    r, g, b = picture[..., 0], picture[..., 1], picture[..., 2]
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    chroma = np.stack([(b - y) / 1.8556, (r - y) / 1.5748], 2)
    chroma = cv2.sepFilter2D(chroma, -1, np.float32([0.25, 0.5, 0.25]), np.float32([1.0]))[:, ::2]
    chroma = (chroma[0::2] + chroma[1::2]) / 2
    u, v = (np.rint(128 + 224 * chroma[..., k]).reshape(-1, picture.shape[1]) for k in (0, 1))
    return np.clip(np.concatenate([np.rint(16 + 219 * y), u, v]), 0, 255).astype(np.uint8)


def encode(path: Path) -> None:
    """Render all frames and the sound, and write the file."""
    seconds, cut = float(FRAMES / FPS), float(CUT / FPS)
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        container.metadata["title"] = "Harbour, afternoon and dusk"
        video = container.add_stream("libx264", rate=FPS, options={"crf": "20", "preset": "veryslow", "bf": "3"})
        video.width, video.height, video.pix_fmt = 640, 360, "yuv420p"
        context = video.codec_context
        context.time_base = 1 / FPS
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = LIMITED
        audio = container.add_stream("aac", rate=RATE, layout="stereo", options={"b": "128000"})
        audio.metadata["language"] = "eng"
        marks = [(0, CUT, "Afternoon"), (CUT, FRAMES, "Dusk")]
        container.set_chapters(
            [
                {
                    "id": k,
                    "start": a * 1001,
                    "end": b * 1001,
                    "time_base": Fraction(1, 24000),
                    "metadata": {"title": name},
                }
                for k, (a, b, name) in enumerate(marks)
            ]
        )
        samples = soundtrack(seconds, cut)
        sent = 0
        shot = afternoon(cut)
        for i in range(FRAMES):
            if i == CUT:
                shot = dusk(seconds - cut)
            picture = shot.frame(float((i if i < CUT else i - CUT) / FPS))
            frame = av.VideoFrame.from_ndarray(yuv420(picture), format="yuv420p")
            frame.pts, frame.time_base = i, 1 / FPS
            frame.colorspace, frame.color_range = BT709, LIMITED
            container.mux(video.encode(frame))
            while sent < min((i + 1) / FPS * RATE, samples.shape[1]):
                block = av.AudioFrame.from_ndarray(
                    np.ascontiguousarray(samples[:, sent : sent + 1024]), "fltp", "stereo"
                )
                block.sample_rate, block.pts, block.time_base = RATE, sent, Fraction(1, RATE)
                container.mux(audio.encode(block))
                sent += 1024
            print(f"\rharbour: frame {i + 1}/{FRAMES}", end="", file=sys.stderr, flush=True)
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    print(f"\n{path}: {path.stat().st_size / 1e6:.2f} MB", file=sys.stderr)


if __name__ == "__main__":
    encode(Path(__file__).resolve().parents[1] / "harbour.mp4")
