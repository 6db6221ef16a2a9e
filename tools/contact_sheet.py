"""A contact sheet of clips: one row per clip, frames from the same moments, as one PNG.

Usage: python tools/contact_sheet.py CLIP … SHEET.png
"""

from __future__ import annotations

import sys
from pathlib import Path

import av
import numpy as np
from PIL import Image

COLUMNS, WIDTH, GAP = 5, 384, 6


def pictures(clip: Path) -> list[np.ndarray]:
    """COLUMNS frames, evenly spread over the clip, scaled to WIDTH."""
    with av.open(str(clip)) as container:
        times = [frame.time for frame in container.decode(video=0)]
        container.seek(0)
        wanted = {times[round((i + 0.5) * len(times) / COLUMNS - 0.5)] for i in range(min(COLUMNS, len(times)))}
        return [
            frame.reformat(WIDTH, round(WIDTH * frame.height / frame.width), "rgb24").to_ndarray()
            for frame in container.decode(video=0)
            if frame.time in wanted
        ]


def sheet(clips: list[Path]) -> Image.Image:
    rows = [pictures(clip) for clip in clips]
    heights = [row[0].shape[0] for row in rows]
    columns = max(map(len, rows))
    canvas = np.full((sum(heights) + GAP * (len(rows) + 1), columns * (WIDTH + GAP) + GAP, 3), 24, np.uint8)
    top = GAP
    for row, height in zip(rows, heights, strict=True):
        for i, picture in enumerate(row):
            left = GAP + i * (WIDTH + GAP)
            canvas[top : top + height, left : left + WIDTH] = picture
        top += height + GAP
    return Image.fromarray(canvas)


if __name__ == "__main__":
    *clips, target = map(Path, sys.argv[1:])
    sheet(clips).save(target)
