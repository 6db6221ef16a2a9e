"""A camera for Chromium: a clip whose frames carry their number in black and white blocks.

Each bit is a column of two blocks along the upper edge, one black, one white; the upper one is white for 1. So a bit
is read by comparing two neighbours, which also works in a picture that is half painted, or that a codec has blurred.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

BITS, BLOCK = 8, 32
PARITY = 1
"""Columns after the number's own: one more, so that the number of ones is odd."""


def frame(number: int, width: int = 640, height: int = 360, moving: bool = True) -> np.ndarray:
    """RGB (H, W, 3) uint8: colours, a face-like disc that moves, and the number."""
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    pixels = np.stack([60 + 150 * across, 70 + 120 * down, 200 - 140 * across], -1)
    pixels = pixels.astype(np.uint8)
    angle = 2 * np.pi * (number if moving else 0) / 60
    centre = (int(width / 2 + width / 8 * np.cos(angle)), int(height * 0.62 + height / 12 * np.sin(angle)))
    cv2.circle(pixels, centre, height // 5, (224, 178, 150), -1, cv2.LINE_AA)
    for side in (-1, 1):
        cv2.circle(pixels, (centre[0] + side * height // 14, centre[1] - height // 20), height // 40, (40, 30, 30), -1)
    ones = [number >> bit & 1 for bit in range(BITS)]
    for column, one in enumerate([*ones, 1 - sum(ones) % 2]):
        left = column * BLOCK
        pixels[:BLOCK, left : left + BLOCK] = 235 if one else 20
        pixels[BLOCK : 2 * BLOCK, left : left + BLOCK] = 20 if one else 235
    return pixels


def number_in(pixels: np.ndarray) -> int | None:
    """The number in a picture (H, W, 3), or None where it cannot be read."""
    bits = []
    for column in range(BITS + PARITY):
        inside = slice(column * BLOCK + BLOCK // 4, (column + 1) * BLOCK - BLOCK // 4)
        upper = pixels[BLOCK // 4 : 3 * BLOCK // 4, inside].mean()
        lower = pixels[BLOCK + BLOCK // 4 : 2 * BLOCK - BLOCK // 4, inside].mean()
        if abs(upper - lower) < 20:
            return None
        bits.append(int(upper > lower))
    return sum(bit << at for at, bit in enumerate(bits[:BITS])) if sum(bits) % 2 else None


# The same for a page: reads the number in what a canvas's context shows.
NUMBER_IN = f"""(context) => {{
  const mean = (x, y) => {{
    const pixels = context.getImageData(x + {BLOCK // 4}, y + {BLOCK // 4}, {BLOCK // 2}, {BLOCK // 2}).data;
    let sum = 0;
    for (let at = 0; at < pixels.length; at += 4) sum += pixels[at] + pixels[at + 1] + pixels[at + 2];
    return sum / (pixels.length / 4) / 3;
  }};
  let number = 0, ones = 0;
  for (let column = 0; column < {BITS + PARITY}; column++) {{
    const difference = mean(column * {BLOCK}, 0) - mean(column * {BLOCK}, {BLOCK});
    if (Math.abs(difference) < 20) return null;
    if (difference > 0) {{ ones += 1; if (column < {BITS}) number += 1 << column; }}
  }}
  return ones % 2 ? number : null;
}}"""


def write(path: Path, frames: int, width: int = 640, height: int = 360, rate: int = 30, moving: bool = True) -> Path:
    """A y4m file, which Chromium plays again and again; frames at most 2**BITS."""
    assert frames <= 1 << BITS
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{rate}:1 Ip A1:1 C420jpeg\n".encode())
        for number in range(frames):
            file.write(b"FRAME\n")
            file.write(cv2.cvtColor(frame(number, width, height, moving), cv2.COLOR_RGB2YUV_I420).tobytes())
    return path
