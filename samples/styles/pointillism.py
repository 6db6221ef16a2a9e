"""dots: a sail on a river at noon, in dots of pure colour laid beside their complements."""

from __future__ import annotations

import cv2
import numpy as np
from _canvas import SCALE, Array, fbm, grid, mix, palette, ramp, save, step

W, H = 640, 480
SKY, WATER = palette("4f8fd0 7fb2e0 b9c6e6 f4b08a"), palette("f2c79a 8fb8d8 3f78b8 2a4f96")
LEAVES, GRASS = palette("23472f 3f7a3c 86a83a d8c84a"), palette("3c7a3a 8fb03c e2cf52 f3e08a")


def target() -> Array:
    """The colours the eye should mix: sky, far bank, river with a sail, trees, a sunlit lawn with figures."""
    rng = np.random.default_rng(3)
    x, y = grid(W, H)
    shape = x.shape
    colour = ramp(SKY, y / 190 + 0.25 * (fbm(shape, 80, rng, 4, 2.5) - 0.5))
    colour = mix(colour, palette("fffaf0")[0], 0.8 * step(0.56, 0.72, fbm(shape, 44, rng, 5, 2.6)) * step(150, 60, y))
    colour = mix(
        colour,
        ramp(palette("7a86b8 6f9a86 b8b070"), fbm(shape, 30, rng)),
        step(-2, 2, y - 168 + 26 * fbm((1, shape[1]), 70, rng)),
    )
    river = step(-1, 1, y - 196)
    colour = mix(colour, ramp(WATER, (y - 196) / 190 + 0.5 * (fbm(shape, 26, rng, 4, 5.0) - 0.5)), river)
    for at, foot, tall, sail in (
        (250.0, 250.0, 150.0, "fff2c8"),
        (350.0, 216.0, 58.0, "f7b267"),
        (438.0, 208.0, 34.0, "fff0dc"),
    ):
        v = (foot - y) / tall
        inside = ((x > at) & (x < at + 0.55 * tall * np.clip(1 - v, 0, 1) ** 0.8) & (v > 0.06) & (v < 1)) | (
            (x < at - 2) & (x > at - 0.26 * tall * (1 - v)) & (v > 0.1) & (v < 0.86)
        )
        shade = mix(palette(sail)[0], palette("9aa0d8")[0], np.clip((x - at) / (0.5 * tall), 0, 1) * 0.55)
        colour = np.where(inside[..., None], shade, colour)
        below = (y - foot) / tall + 0.06
        hull = (np.abs(x - at - 0.07 * tall) < tall * (0.46 - 1.3 * below)) & (below > 0) & (below < 0.15)
        colour = np.where(hull[..., None], palette("a83232")[0], colour)
        glint = (y > foot + 5) & (np.abs(x - at - 8 - 5 * np.sin(y / 5)) < 0.3 * tall * (1 - (y - foot) / (1.1 * tall)))
        colour = mix(colour, palette(sail)[0], 0.55 * glint)
    bank = 372 - 58 * step(150, 640, x) + 7 * np.sin(x / 40)
    lawn = step(-2, 2, y - bank)
    grass = ramp(GRASS, 0.25 + 0.75 * fbm(shape, 50, rng, 5, 3.0))
    grass = mix(grass, palette("2d4a86")[0], 0.72 * step(0.5, 0.62, fbm(shape, 70, rng, 3, 3.5)))
    colour = mix(colour, grass, lawn)
    for cx, cy, r in ((590, 110, 120), (500, 70, 80), (640, 210, 90), (20, 120, 62), (-10, 220, 60), (60, 60, 46)):
        far = np.hypot(x - cx, (y - cy) * 1.1) + 34 * (fbm(shape, 22, rng) - 0.5)
        leaf = ramp(LEAVES, 0.30 + 0.75 * (fbm(shape, 18, rng) - 0.35) - 0.35 * (x - cx + y - cy) / r)
        colour = mix(colour, leaf, step(r, r - 9, far))
    for cx, wide in ((566.0, 13.0), (16.0, 8.0)):
        trunk = (np.abs(x - cx - 5 * np.sin(y / 60)) < wide) & (y > 190) & (y < 388)
        colour = np.where(
            trunk[..., None],
            mix(palette("3a2a5c")[0], palette("c8793a")[0], np.clip(0.5 - (x - cx) / wide / 2, 0, 1)),
            colour,
        )
    for cx, foot, tall, dress, shade in (
        (150.0, 452.0, 118.0, "c8324a", "f2e6c8"),
        (205.0, 440.0, 104.0, "27418a", "e8923a"),
        (420.0, 424.0, 78.0, "f0e2d0", "c8324a"),
    ):
        v = (foot - y) / tall
        width = tall * np.where(v < 0.55, 0.19 - 0.19 * v, 0.085)
        body = (np.abs(x - cx) < width) & (v > 0) & (v < 0.8)
        colour = np.where(
            body[..., None],
            mix(palette(dress)[0], palette("1c1f4a")[0], np.clip((x - cx) / width * 0.5, 0, 0.6)),
            colour,
        )
        head = np.hypot(x - cx, y - foot + 0.86 * tall) < 0.065 * tall
        colour = np.where(head[..., None], palette("e8b088")[0], colour)
        top = foot - 0.99 * tall
        cap = (np.hypot(x - cx - 6, (y - top) * 1.5) < 0.27 * tall) & (y < top)
        colour = np.where(
            cap[..., None],
            mix(palette(shade)[0], palette("7a3a6a")[0], np.clip((x - cx) / (0.3 * tall), 0, 0.6)),
            colour,
        )
        colour = mix(
            colour,
            palette("1f3f7a")[0],
            0.75 * step(1.0, 0.7, np.hypot((x - cx - 0.45 * tall) / (0.55 * tall), (y - foot - 2) / 8)),
        )
    return colour.astype(np.float32)


def main() -> None:
    """Cover the canvas with dots, coarse to fine, and every sixth in the complement of its place."""
    rng = np.random.default_rng(8)
    goal = target()
    h, w = goal.shape[:2]
    picture = np.full((h, w, 3), (222, 206, 178), np.uint8)
    for pitch, radius in ((7.5, 4.6), (6.0, 3.3), (5.0, 2.5)):
        step_px = pitch * SCALE
        gx, gy = np.meshgrid(np.arange(0, w + step_px, step_px), np.arange(0, h + step_px, step_px))
        at = np.stack([gx.ravel(), gy.ravel()], 1) + rng.normal(0, 0.3 * step_px, (gx.size, 2))
        at = at[rng.permutation(len(at))]
        colour = goal[np.clip(at[:, 1], 0, h - 1).astype(int), np.clip(at[:, 0], 0, w - 1).astype(int)]
        mean = colour.mean(1, keepdims=True)
        pure = np.clip(mean + (colour - mean) * 1.55 + rng.normal(0, 0.075, colour.shape), 0, 1)
        other = np.clip(mean - 1.1 * (colour - mean) + 0.10, 0, 1)
        pure = np.where(rng.random((len(at), 1)) < 0.15, other, pure) * rng.uniform(0.88, 1.1, (len(at), 1))
        size = radius * SCALE * rng.uniform(0.75, 1.15, len(at))
        for (px, py), tone, r in zip(at, np.clip(pure, 0, 1) * 255, size, strict=True):
            axes = (int(r * 16), int(r * rng.uniform(0.78, 1.0) * 16))
            turn = float(rng.uniform(0, 180))
            box = cv2.ellipse2Poly((int(px * 16), int(py * 16)), axes, int(turn), 0, 360, 24)
            cv2.fillPoly(picture, [box], tone.tolist(), cv2.LINE_AA, 4)
    weave = 1 + 0.06 * (np.sin(grid(W, H)[0] * 2.1) * np.sin(grid(W, H)[1] * 2.1))
    save(picture.astype(np.float32) / 255 * weave[..., None], "dots")


if __name__ == "__main__":
    main()
