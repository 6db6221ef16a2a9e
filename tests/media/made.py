"""Small clips made on the spot."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def pixels(index: int, width: int = 64, height: int = 48) -> np.ndarray:
    """(H, W, 3) uint8: a gradient with a block that moves with `index`."""
    y, x = np.mgrid[:height, :width]
    rgb = np.stack([x * 255 // width, y * 255 // height, (x + y) % 64 + 64], -1).astype(np.uint8)
    at = index * 3 % (width - 12)
    rgb[8:20, at : at + 12] = (220, 40, 60)
    return rgb


def make_clip(
    path: Path,
    *,
    codec: str = "libx264",
    frames: int = 12,
    size: tuple[int, int] = (64, 48),
    times: list[int] | None = None,
    time_base: Fraction = Fraction(1, 25),
    options: dict[str, str] | None = None,
    pix_fmt: str = "yuv420p",
    sound: bool = False,
) -> Path:
    """A clip of `frames` pictures, at `times` (ticks of `time_base`) or one tick apart, perhaps with a tone."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=25, options=options or {})
        stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
        stream.codec_context.time_base = stream.time_base = time_base
        tone = out.add_stream("aac" if path.suffix == ".mp4" else "flac", rate=8000) if sound else None
        if tone is not None:
            tone.codec_context.layout = "mono"
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(pixels(index, *size), "rgb24")
            frame.pts, frame.time_base = times[index] if times else index, time_base
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if tone is not None:
            wave = (np.sin(np.arange(320 * frames) / 3) * 8000).astype(np.int16)[None]
            audio = av.AudioFrame.from_ndarray(wave, "s16", "mono")
            audio.sample_rate, audio.pts, audio.time_base = 8000, 0, Fraction(1, 8000)
            out.mux(tone.encode(audio))
            out.mux(tone.encode(None))
    return path
