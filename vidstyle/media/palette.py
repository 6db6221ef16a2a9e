"""The best 256 colours for each frame, for GIF; one frame at a time, so memory stays flat."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
from av.filter import Graph

__all__ = ["Palette"]


class Palette:
    """Frames to paletted pictures by FFmpeg's palettegen and paletteuse."""

    def __init__(self, transparent: bool) -> None:
        self._reserve = int(transparent)
        self._graph: Graph | None = None

    def __call__(self, rgb: np.ndarray, alpha: np.ndarray | None) -> av.VideoFrame:
        """rgb (H, W, 3) and alpha (H, W) or None, uint8 or uint16 -> a pal8 picture."""
        rgb = _narrow(rgb)
        opaque = np.full(rgb.shape[:2], 255, np.uint8)
        rgba = np.dstack([rgb, opaque if alpha is None else _narrow(alpha)])
        frame = av.VideoFrame.from_ndarray(rgba, format="rgba")
        graph = self._build(frame)  # palettegen gives its palette at the end of its input, so one graph per frame
        graph.vpush(frame)
        graph.vpush(None)
        return graph.vpull()

    def _build(self, frame: av.VideoFrame) -> Graph:
        graph = Graph()
        source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1))
        split = graph.add("split")
        generate = graph.add("palettegen", f"stats_mode=full:reserve_transparent={self._reserve}")
        use = graph.add("paletteuse", "dither=sierra2_4a:alpha_threshold=128")
        sink = graph.add("buffersink")
        source.link_to(split)
        split.link_to(generate, 0, 0)
        split.link_to(use, 1, 0)
        generate.link_to(use, 0, 1)
        use.link_to(sink)
        graph.configure()
        return graph


def _narrow(pixels: np.ndarray) -> np.ndarray:
    return pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8)
