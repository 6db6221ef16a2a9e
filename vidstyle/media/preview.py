"""A small clip in memory, for a report."""

from __future__ import annotations

import io
from collections.abc import Iterable
from fractions import Fraction

import av
import numpy as np

__all__ = ["preview"]


def preview(frames: Iterable[np.ndarray], rate: float) -> bytes:
    """Pictures (H, W, 3), uint8, all of one size -> an MP4 file that browsers play."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4", options={"movflags": "frag_keyframe+empty_moov"}) as container:
        stream = None
        for number, pixels in enumerate(frames):
            even = np.ascontiguousarray(pixels[: pixels.shape[0] // 2 * 2, : pixels.shape[1] // 2 * 2])
            if stream is None:
                stream = container.add_stream("libx264", rate=Fraction(rate).limit_denominator(1001))
                stream.height, stream.width = even.shape[:2]
                stream.pix_fmt, stream.options = "yuv420p", {"crf": "20", "preset": "fast"}
            frame = av.VideoFrame.from_ndarray(even, "rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        if stream is not None:
            container.mux(stream.encode(None))
    return buffer.getvalue()
