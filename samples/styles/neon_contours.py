"""neon: a city on the water at night, drawn in glowing contour lines."""

from __future__ import annotations

import cv2
import numpy as np
from _canvas import SCALE, Array, fbm, grid, palette, ramp, save, step

W, H = 640, 440
TUBES = palette("ff2e88 ff7a2e ffd23f 3fffc8 2ea8ff 8a4fff ff2ee0")
SHORE = 282.0


def skyline(x: Array, y: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Height of the houses above the shore by column, and the lines of their windows and edges, in three depths."""
    lines, hue = np.zeros_like(x), np.zeros_like(x)
    solid = np.zeros(x.shape, bool)
    for depth in range(3):
        left = -10.0
        while left < W:
            wide = rng.uniform(22, 52)
            tall = rng.uniform(40, 120) * (1.9 - 0.45 * depth) * (0.6 + 0.6 * np.exp(-(((left - 330) / 190) ** 2)))
            foot, top = SHORE, SHORE - tall
            u, v = (x - left) / wide, y - top
            roof = rng.integers(4)
            if roof == 0:
                v = v - 18 * np.abs(u - 0.5)
            elif roof == 1:
                v = v + 10 * (np.abs(u - 0.5) < 0.25)
            inside = (u > 0) & (u < 1) & (v > 0) & (y < foot)
            edge = np.minimum.reduce([np.abs(u) * wide, np.abs(1 - u) * wide, np.abs(v)])
            pitch_x, pitch_y = rng.uniform(6, 9), rng.uniform(7, 11)
            cell = np.floor((x - left) / pitch_x) * 31 + np.floor(v / pitch_y) * 17 + depth
            lit = np.sin(cell * 12.9898) * 43758.5453 % 1 < 0.62
            wx, wy = np.abs((x - left) / pitch_x % 1 - 0.5) * pitch_x, np.abs(v / pitch_y % 1 - 0.5) * pitch_y
            style = rng.integers(3)
            window = np.maximum(wx - 1.3, wy - 2.0) if style == 0 else (wy if style == 1 else wx)
            glow = np.where(lit & (edge > 4), 0.75 * step(1.0, 0.2, window), 0)
            if style:
                glow = glow * 0.8
            lines = np.where(inside, np.maximum(step(1.7, 0.8, edge), glow), lines)
            hue = np.where(inside, rng.random() + 0.25 * v / 150, hue)
            solid |= inside
            mast = (np.abs(x - left - wide / 2) < 0.9) & (y < top + 2) & (y > top - 26) & (roof == 2)
            lines, hue = np.where(mast, 1.0, lines), np.where(mast, 0.0, hue)
            left += wide + rng.uniform(-6, 10)
    return np.where(solid | (lines > 0), lines, -1.0), hue


def main() -> None:
    """Contour the sky and the water, stand the city between them, then let everything glow."""
    rng = np.random.default_rng(19)
    x, y = grid(W, H)
    shape = x.shape
    cloud = fbm(shape, 150, rng, 3) * 1.0 + 0.0016 * y
    far = np.hypot(x - 470, y - 96)
    level = cloud * 17 + 1.8 * np.exp(-far / 60)
    slope = np.hypot(cv2.Sobel(level, -1, 1, 0, ksize=3), cv2.Sobel(level, -1, 0, 1, ksize=3)) / 8 * SCALE
    line = step(1.5, 0.7, np.abs(level - np.round(level)) / (slope + 0.012))
    hue = 0.62 + 0.36 * np.sin(np.round(level) * 0.9) * 0.9
    moon = far < 44
    line = np.where(moon, step(1.5, 0.7, np.abs(far / 7.5 - np.round(far / 7.5)) * 7.5), line)
    hue = np.where(moon, 0.16 + 0.16 * far / 44, hue)
    city, city_hue = skyline(x, y, rng)
    line = np.where((city >= 0) & (y < SHORE), city, line)
    hue = np.where((city >= 0) & (y < SHORE), city_hue, hue)
    depth = np.clip(y - SHORE, 0, None)
    swell = 9.5 * np.log1p(depth / 16) + 1.3 * np.sin(x / 47 + depth / 26) + 4.5 * fbm(shape, 46, rng, 3, 3.0)
    ripple = np.sin(swell)
    mirror_y = np.clip((2 * SHORE - y) + 7 * ripple * (0.3 + depth / 120), 0, H - 1)
    mirror_x = x + 3 * ripple
    sample = [
        cv2.remap(a.astype(np.float32), mirror_x * SCALE, mirror_y * SCALE, cv2.INTER_LINEAR) for a in (line, hue)
    ]
    streak = cv2.GaussianBlur(sample[0], (0, 0), sigmaX=1, sigmaY=3 * SCALE)
    steep = np.hypot(cv2.Sobel(swell, -1, 1, 0, ksize=3), cv2.Sobel(swell, -1, 0, 1, ksize=3)) / 8 * SCALE
    crest = np.round(swell / np.pi)
    waves = step(1.25, 0.5, np.abs(swell - crest * np.pi) / (steep + 0.01)) * (
        0.35 + 0.65 * step(0.4, 0.6, fbm(shape, 34, rng, 3, 2.0))
    )
    wet = y > SHORE
    line = np.where(wet, np.clip(0.9 * streak + 0.9 * waves, 0, 1), line)
    hue = np.where(wet, np.where(waves > 0.2, 0.5 + 0.45 * np.sin(0.8 * crest + x / 150), sample[1]), hue)
    colour = ramp(TUBES, hue % 1.0)
    tubes = colour * np.clip(line, 0, 1)[..., None]
    ground = ramp(palette("0d0828 220e4c 4a1464 101848 081030"), y / H) * (0.7 + 0.7 * fbm(shape, 9, rng, 4))[..., None]
    near = cv2.GaussianBlur(tubes, (0, 0), 2.2 * SCALE)
    wide = cv2.GaussianBlur(tubes, (0, 0), 9 * SCALE)
    core = np.clip(line - 0.55, 0, 1)[..., None] * 0.75
    save(1 - (1 - np.clip(ground, 0, 1)) * np.exp(-(1.35 * tubes + 1.1 * near + 0.9 * wide)) + core * 0.5, "neon")


if __name__ == "__main__":
    main()
