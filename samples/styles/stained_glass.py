"""glass: poppies under a rayed sun, in leaded panes of streaky coloured glass with the light behind them."""

from __future__ import annotations

import cv2
import numpy as np
from _canvas import SCALE, Array, fbm, grid, mix, noise, palette, save, step

W, H = 480, 640
GLASS = {
    "sky": palette("1f4fa8 2f6fc8 3f8fd8 1a3a86 5fb0e0 3a5fc0"),
    "rays": palette("f7c948 f4a52c fbe08a ee8a2c 7fb8e0 f7d76a"),
    "sun": palette("fff0b0 ffd84a ffc02e"),
    "peaks": palette("5a3a8c 7a4fa8 46307a 9a6abf 3f4f9a"),
    "hills": palette("1f7a4a 3f9a4a 7fb83a 156a4f a8c83f"),
    "river": palette("5fd0d0 8fe0dc 3fb0c8 b8efe4"),
    "meadow": palette("2f6a2a 5a8f2a 1f5a34 8fae2f"),
    "petals": palette("d8202f f0402f b01030 f4683a"),
    "hearts": palette("2a1030 4a1a3a"),
    "border": palette("b8202f e8a82f 1f5a8c 2f7a4a"),
}


def regions() -> tuple[Array, list[str]]:
    """Number every pixel with the part of the design it belongs to, and name the parts' glass."""
    x, y = grid(W, H)
    number, names = np.zeros(x.shape, np.int32), ["sky"]

    def put(mask: Array, name: str) -> None:
        names.append(name)
        number[mask] = len(names) - 1

    dx, dy = x - 300, y - 175
    far, turn = np.hypot(dx, dy), np.arctan2(dy, dx)
    sector = np.floor((turn + np.pi) / (2 * np.pi) * 20).astype(int)
    for k in range(0, 20, 2):
        put((sector == k) & (far < 330), "rays")
    for low, high in ((58, 84), (84, 106)):
        ring = (far >= low) & (far < high)
        put(ring & (sector % 2 == (low == 58)), "rays")
        put(ring & (sector % 2 != (low == 58)), "sun")
    put(far < 58, "sun")
    put(
        y
        > 330
        - 80 * np.exp(-(((x - 120) / 75) ** 2))
        - 50 * np.exp(-(((x - 250) / 60) ** 2))
        - 95 * np.exp(-(((x - 430) / 80) ** 2)),
        "peaks",
    )
    put(y > 362 + 26 * np.sin(x / 60), "hills")
    put(y > 405 + 22 * np.sin(x / 75 + 2), "hills")
    middle = 250 + 70 * np.sin((y - 360) / 46) * (1 - (y - 360) / 400)
    put((np.abs(x - middle) < 5 + (y - 362) * 0.30) & (y > 372), "river")
    put(y > 492 + 20 * np.sin(x / 55 + 1), "meadow")
    for cx, cy, r in (
        (110.0, 470.0, 62.0),
        (352.0, 500.0, 70.0),
        (228.0, 560.0, 52.0),
        (60.0, 575.0, 40.0),
        (425.0, 590.0, 42.0),
    ):
        stem = (np.abs(x - cx - 14 * np.sin((y - cy) / 50)) < 5) & (y > cy)
        put(stem, "hills")
        far, turn = np.hypot(x - cx, (y - cy) * 1.12), np.arctan2(y - cy, x - cx)
        petals = 6
        edge = r * (0.80 + 0.20 * np.abs(np.cos(turn * petals / 2 + 0.4)))
        for k in range(petals):
            part = np.floor((turn + 0.8 / petals + np.pi) / (2 * np.pi) * petals).astype(int) % petals == k
            put((far < edge) & part, "petals")
        put(far < 0.26 * r, "hearts")
    inset = np.minimum.reduce([x, y, W - x, H - y])
    put(inset < 22, "border")
    return number, names


def main() -> None:
    """Cut the glass, lead it, and put the light behind."""
    rng = np.random.default_rng(5)
    number, names = regions()
    x, y = grid(W, H)
    shape = x.shape
    inset = np.minimum.reduce([x, y, W - x, H - y])
    pitch = 27 * SCALE
    gx, gy = np.meshgrid(np.arange(0, shape[1] + pitch, pitch), np.arange(0, shape[0] + pitch, pitch))
    seeds = np.stack([gx.ravel(), gy.ravel()], 1) + rng.uniform(-0.45, 0.45, (gx.size, 2)) * pitch
    seeds = np.clip(seeds, 0, (shape[1] - 1, shape[0] - 1)).astype(int)
    blank = np.ones(shape, np.uint8)
    blank[seeds[:, 1], seeds[:, 0]] = 0
    _, cell = cv2.distanceTransformWithLabels(blank, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    along = np.where((x < 22) | (x > W - 22), y, x)
    cell = np.where(
        inset < 22, 100_000 + (along // 27).astype(int) + 50 * (x < 22) + 100 * (y < 22) + 200 * (x > W - 22), cell
    )
    whole = np.isin(number, [k for k, n in enumerate(names) if n in ("hearts", "petals")])
    cell = np.where(whole, 0, cell)
    pane = number.astype(np.int64) * 1_000_000 + cell
    _, index = np.unique(pane, return_inverse=True)
    index = index.reshape(shape)
    count = int(index.max()) + 1
    kind = np.zeros(count, int)
    kind[index.ravel()] = number.ravel()
    colours = np.stack([GLASS[names[k]][rng.integers(len(GLASS[names[k]]))] for k in kind]) * rng.uniform(
        0.82, 1.15, (count, 1)
    )
    edges = (cv2.morphologyEx(index.astype(np.float32), cv2.MORPH_GRADIENT, np.ones((3, 3))) > 0).astype(np.uint8)
    bold = (cv2.morphologyEx(number.astype(np.float32), cv2.MORPH_GRADIENT, np.ones((3, 3))) > 0).astype(np.uint8)
    far = cv2.distanceTransform(1 - edges, cv2.DIST_L2, 5) / SCALE
    far_bold = cv2.distanceTransform(1 - bold, cv2.DIST_L2, 5) / SCALE
    streak_a, streak_b = fbm(shape, 7, rng, 4, 6.0), fbm(shape[::-1], 7, rng, 4, 6.0).T
    upright = rng.random(count)[index] < 0.5
    streak = np.where(upright, streak_b, streak_a)
    ripple = noise(shape, 4, rng)
    glass = colours[index]
    glass = mix(glass, np.clip(glass * 1.5 + 0.12, 0, 1), step(0.45, 0.85, streak))
    glass = mix(glass, glass * 0.55, step(0.5, 0.15, streak))
    glass *= (0.9 + 0.2 * ripple)[..., None]
    sun = np.hypot(x - 300, y - 175)
    glow = 0.98 + 0.55 * np.exp(-sun / 210) + 0.22 * (fbm(shape, 110, rng, 3) - 0.5)
    glass *= (glow * (0.62 + 0.38 * step(0, 8, far)))[..., None]
    bubbles = step(0.86, 0.93, noise(shape, 2.6, rng))
    glass = mix(glass, np.clip(glass * 1.6 + 0.1, 0, 1), 0.5 * bubbles)
    lead = np.maximum(step(2.1, 1.3, far), step(3.5, 2.6, far_bold))
    body = np.minimum(far / 2.1, far_bold / 3.5)
    metal = (
        mix(palette("5a5f68")[0], palette("0c0d12")[0], np.clip(body * 1.5, 0, 1))
        * (0.75 + 0.5 * fbm(shape, 3, rng, 3))[..., None]
    )
    picture = mix(glass, metal, lead)
    halo = cv2.GaussianBlur(np.maximum(picture - 0.55, 0), (0, 0), 7 * SCALE)
    save(picture + 0.55 * halo, "glass")


if __name__ == "__main__":
    main()
