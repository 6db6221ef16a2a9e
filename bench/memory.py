"""Peak memory of a long clip against a short one: it must not grow with the length.

Usage: python bench/memory.py [MINUTES] [FRAMES PER SECOND]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from results_file import record

WIDTH, HEIGHT = 1280, 720


def make_clip(path: Path, seconds: int, fps: int) -> None:
    """A moving gradient with noise bands and a stereo tone."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 40, (HEIGHT, 2 * WIDTH, 3), np.uint8)
    ramp = np.linspace(40, 200, WIDTH, dtype=np.uint8)[None, :, None]
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=Fraction(fps), options={"preset": "ultrafast", "crf": "28"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        audio = container.add_stream("aac", rate=48000, layout="stereo")
        tone = np.sin(np.arange(48000) * 2 * np.pi * 220 / 48000).astype(np.float32)
        for second in range(seconds):
            sound = av.AudioFrame.from_ndarray(np.stack([tone, -tone]), "fltp", "stereo")
            sound.sample_rate, sound.pts = 48000, 48000 * second
            container.mux(audio.encode(sound))
            for i in range(fps):
                shift = 7 * (second * fps + i) % WIDTH
                picture = ramp + noise[:, shift : shift + WIDTH]
                container.mux(video.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")))
        container.mux(audio.encode(None))
        container.mux(video.encode(None))


def peak_megabytes(clip: Path, output: Path) -> tuple[float, float]:
    """Largest resident memory of `vidstyle stylize` on a clip, and its seconds; measured by the operating system."""
    command = [sys.executable, "-m", "vidstyle", "stylize", str(clip), "-s", "waves", "-o", str(output), "-q"]
    command += ["--preset", "ultrafast", "--runtime", "openvino"]
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)} failed")
    return usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    minutes = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    fps = int(sys.argv[2]) if len(sys.argv) > 2 else 24
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures: dict = {"size": [WIDTH, HEIGHT], "frames_per_second": fps}
        for label, seconds in (("short", 10), ("long", 60 * minutes)):
            make_clip(folder / f"{label}.mp4", seconds, fps)
            peak, cpu = peak_megabytes(folder / f"{label}.mp4", folder / f"{label}_out.mp4")
            figures[label] = {"seconds": seconds, "frames": seconds * fps, "peak_megabytes": peak, "cpu_seconds": cpu}
            (folder / f"{label}.mp4").unlink()
        figures["long_over_short"] = figures["long"]["peak_megabytes"] / figures["short"]["peak_megabytes"]
        record("memory", figures)
