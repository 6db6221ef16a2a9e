"""pastel: a jug of sunflowers and anemones on a blue cloth, hatched in soft chalk on dark toothed paper."""

from __future__ import annotations

import cv2
import numpy as np
from _canvas import SCALE, Array, fbm, grid, mix, palette, ramp, save, step, vary

W, H = 500, 640
WALL, CLOTH = palette("b8402f d8683a e89a5c c8507a"), palette("1f3a8c 2f62b8 6a9fdc d8e4f0")
JUG, LEAF = palette("f6ecd0 8fd0c0 2f8a92 1c4a66"), palette("1f4a3a 3f8a4a 9ac04a")
YELLOW, PINK = palette("fff0a0 ffc928 f0882a b8501f"), palette("ffe8f0 f07aa8 c02a6a 7a1a5a")
VIOLET, WHITE = palette("e0d0ff 8a6ae0 4a2f9a"), palette("ffffff f0e8d8 b8b0d8")
BLOOMS = [
    (150, 190, 66, YELLOW),
    (305, 150, 74, YELLOW),
    (395, 262, 58, YELLOW),
    (232, 262, 52, PINK),
    (108, 300, 46, VIOLET),
    (330, 318, 46, WHITE),
    (218, 92, 40, VIOLET),
    (412, 150, 38, PINK),
    (64, 228, 34, WHITE),
    (172, 340, 38, YELLOW),
    (268, 356, 32, VIOLET),
    (95, 120, 32, PINK),
]


def scene() -> tuple[Array, Array]:
    """Colours and hatching directions of the still life."""
    rng = np.random.default_rng(2)
    x, y = grid(W, H)
    shape = x.shape
    soft = fbm(shape, 70, rng)
    colour = ramp(WALL, 0.15 + 0.55 * x / W + 0.6 * (soft - 0.5))
    angle = np.full(shape, -0.95, np.float32) + 0.7 * (soft - 0.5)
    table = step(-2, 2, y - 492 - 8 * np.sin(x / 70))
    stripes = ((x - 0.5 * (y - 490)) % 74 < 22) | ((y - 490) % 62 < 14)
    cloth = ramp(CLOTH, 0.25 + 0.7 * fbm(shape, 55, rng, 4, 1.6))
    cloth = np.where(stripes[..., None], ramp(palette("f2c84a f8ecd0"), fbm(shape, 30, rng)), cloth)
    cloth = mix(cloth, palette("141a4a")[0], 0.75 * step(1.0, 0.75, np.hypot((x - 335) / 160, (y - 588) / 34)))
    colour = mix(colour, cloth, table)
    angle = np.where(table > 0.5, 0.25 + 0.5 * np.sin(x / 70), angle)
    for k in range(26):
        cx, cy, turn = rng.uniform(40, 460), rng.uniform(110, 400), rng.uniform(0, 2 * np.pi)
        u, v = (x - cx) * np.cos(turn) + (y - cy) * np.sin(turn), -(x - cx) * np.sin(turn) + (y - cy) * np.cos(turn)
        leaf = (
            (np.abs(v) < 16 * np.cos(np.clip(u / 52, -1.57, 1.57)))
            & (np.abs(u) < 70)
            & (np.hypot(x - 245, y - 265) < 205)
        )
        colour = np.where(leaf[..., None], ramp(LEAF, 0.5 - v / 26 + 0.12 * np.sin(u / 4 + k)), colour)
        angle = np.where(leaf, turn + 0.7 * np.sign(v), angle)
    v = (y - 385) / 195
    half = (54 + 52 * np.clip(np.sin(np.pi * np.clip(v, 0, 1) ** 0.8), 0, 1) ** 1.2) * (1 - 0.08 * v)
    jug = (np.abs(x - 245) < half) & (v > 0) & (v < 1)
    u = (x - 245) / half
    glaze = ramp(JUG, 0.38 + 0.55 * u + 0.16 * np.sin(v * 16) * (np.abs(v - 0.5) < 0.25))
    glaze = np.where((np.abs(np.abs(v - 0.46) - 0.2) < 0.025)[..., None], palette("c8402f")[0], glaze)
    glaze = mix(
        glaze, palette("f8d87a")[0], 0.9 * ((np.abs((u * 3.1 + 9.5) % 1 - 0.5) * 60 + np.abs(v - 0.46) * 150) < 20)
    )
    colour = np.where(jug[..., None], glaze, colour)
    angle = np.where(jug, np.pi / 2 - 1.1 * u, angle)
    for cx, cy, r, tones in BLOOMS:
        far, turn = np.hypot(x - cx, (y - cy) * 1.08), np.arctan2(y - cy, x - cx)
        petals = 15 if tones is YELLOW else 8
        wave = np.abs(np.cos(turn * petals / 2 + cx))
        bloom = far < r * (0.74 + 0.28 * wave)
        tone = ramp(tones, 0.9 * far / r * (0.55 + 0.45 * (1 - wave)) + 0.28 * (x - cx + y - cy) / (2 * r))
        tone = mix(tone, tones[-1], 0.75 * step(0.30, 0.12, wave))
        shadow = (np.hypot(x - cx - 9, y - cy - 11) < r * 0.98) & ~bloom & ~jug
        colour = mix(colour, palette("1a1440")[0], 0.55 * shadow)
        colour = np.where(bloom[..., None], tone, colour)
        angle = np.where(bloom, turn, angle)
        heart = far < r * (0.36 if tones is YELLOW else 0.22)
        seeds = ramp(
            palette("2a1420 5a2a1a c8782a"), 0.5 + 0.5 * np.sin(far * 1.3) * np.sin(turn * 13) - 0.3 * (x - cx) / r
        )
        colour = np.where(heart[..., None], seeds, colour)
        angle = np.where(heart, turn + np.pi / 2, angle)
    return colour.astype(np.float32), angle.astype(np.float32)


def main() -> None:
    """Hatch in four passes; each later chalk is finer and catches less of the paper's tooth."""
    rng = np.random.default_rng(17)
    goal, angle = scene()
    h, w = angle.shape
    tooth = fbm((h, w), 1.9, rng, 3)
    picture = (palette("5a4258")[0] * (0.8 + 0.4 * tooth)[..., None]).astype(np.float32)
    for count, long, wide, catch, cross in (
        (3000, 46, 8.0, 0.26, 0.0),
        (4600, 30, 4.6, 0.36, 0.45),
        (6500, 22, 3.2, 0.40, -0.25),
        (6000, 15, 2.4, 0.38, 0.1),
    ):
        chalk = picture * 255
        layer, cover = np.clip(chalk, 0, 255).astype(np.uint8), np.zeros((h, w), np.uint8)
        at = rng.random((count, 2)) * (w, h)
        iy, ix = at[:, 1].astype(int), at[:, 0].astype(int)
        tones = vary(goal[iy, ix], rng, 0.06, 0.12) * 255
        turns = angle[iy, ix] + cross + rng.normal(0, 0.13, count)
        for (px, py), tone, turn in zip(at, tones, turns, strict=True):
            half, bow = long * SCALE / 2 * rng.uniform(0.6, 1.2), rng.normal(0, 0.06)
            k = np.linspace(-1, 1, 6)
            line = np.stack(
                [
                    px + half * (k * np.cos(turn) - bow * k * k * np.sin(turn)),
                    py + half * (k * np.sin(turn) + bow * k * k * np.cos(turn)),
                ],
                1,
            )
            line = np.round(line * 16).astype(np.int32)
            thick = max(round(wide * SCALE * rng.uniform(0.6, 1.2)), 1)
            cv2.polylines(layer, [line], False, tone.tolist(), thick, cv2.LINE_AA, 4)
            cv2.polylines(cover, [line], False, int(rng.uniform(170, 255)), thick, cv2.LINE_AA, 4)
        grain = step(catch - 0.10, catch + 0.10, tooth + 0.16 * (cover.astype(np.float32) / 255 - 0.5))
        picture = mix(picture, layer.astype(np.float32) / 255, cover.astype(np.float32) / 255 * (0.3 + 0.7 * grain))
    save(np.clip(picture * 1.06, 0, 1), "pastel")


if __name__ == "__main__":
    main()
