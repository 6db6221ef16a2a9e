"""What is far away: the sky with its clouds, hills in haze, trees and a lighthouse."""

from __future__ import annotations

import cv2
import numpy as np
from paint import Array, Canvas, Colour, fbm, mix, noise, rgb, smoothstep


def clouds(shape: tuple[int, int], horizon: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Cloud cover and how much light falls on it, both in [0, 1], flattened towards the horizon."""
    height, width = shape
    plane = 1024
    field = fbm((plane, plane), 210, rng, 8)
    warp = fbm((plane, plane), 120, rng, 5) - 0.5
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    depth = 330 / (np.maximum(horizon - y, 0) + 70)
    u = (x - width / 2) * depth * 0.55 + 4 * plane
    v = depth * 330 + 40

    def sample(dx: float, dy: float) -> Array:
        bend = cv2.remap(
            warp, (u * 0.7 + dx) % plane, (v * 0.7 + dy) % plane, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP
        )
        return cv2.remap(
            field,
            (u + 90 * bend + dx) % plane,
            (v + 90 * bend + dy) % plane,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_WRAP,
        )

    here, towards_sun = sample(0, 0), sample(-26, 22)
    cover = smoothstep(0.47, 0.66, here)
    light = np.clip(0.60 + 4.6 * (here - towards_sun) - 0.55 * smoothstep(0.6, 0.85, here), 0, 1)
    return cover, light


def sky(shape: tuple[int, int], horizon: float, mood: dict[str, Array], seed: int) -> Array:
    """Paint the sky: a gradient, a glow where the sun stands, and lit clouds."""
    height, width = shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    up = np.clip((horizon - y) / horizon, 0, 1)[..., None]
    picture = mix(
        mix(mood["horizon"], mood["middle"], smoothstep(0.0, 0.35, up)), mood["zenith"], smoothstep(0.25, 1.0, up)
    )
    sun_x, sun_y = float(mood["sun"][0]) * width, horizon - float(mood["sun"][1]) * horizon
    far = np.hypot((x - sun_x) / width, (y - sun_y) / width * 1.7)[..., None]
    picture = mix(picture, mood["glow"], 0.75 * np.exp(-((far / 0.33) ** 1.3)))
    cover, light = clouds(shape, horizon, np.random.default_rng(seed))
    lit = mix(mood["cloud_dark"], mood["cloud_lit"], light[..., None])
    lit = mix(lit, mood["glow"], 0.45 * np.exp(-((far / 0.4) ** 2)))
    thin = 0.35 + 0.65 * smoothstep(0.02, 0.35, up)
    return mix(picture, lit, cover[..., None] * thin * 0.92)


def hills(ppm: float, left: float, right: float, peak: float, colour: Colour, seed: int) -> Canvas:
    """A ridge with woods and meadows, 0 at the sea."""
    c = Canvas(left, 0, right, peak * 1.15, ppm, seed)
    width = c.shape[1]
    ridge = fbm((1, width), peak * 3.2 * ppm, c.rng, 7)[0]
    ridge = peak * (0.28 + 0.95 * (ridge - 0.15)) * (0.8 + 0.2 * np.sin(np.linspace(0.5, 5.5, width)))
    trees = noise((1, width), (1, max(1.2 * ppm, 1.5)), c.rng)[0] * peak * 0.035
    y = c.top - (np.arange(c.shape[0], dtype=np.float32)[:, None] + 0.5) / ppm
    cover = np.clip((ridge + trees - y) * ppm + 0.5, 0, 1)
    woods = smoothstep(0.42, 0.6, fbm(c.shape, peak * 0.5 * ppm, c.rng, 7, stretch=2.2))
    crowns = fbm(c.shape, max(peak * 0.06 * ppm, 2), c.rng, 4)
    slope = np.gradient(cv2.GaussianBlur(ridge[None], (0, 0), 5)[0]) * ppm
    paint = mix(np.asarray(colour) * (1.28, 1.18, 0.95), np.asarray(colour) * 0.72, woods[..., None])
    paint *= (0.78 + 0.5 * crowns + 0.10 * np.clip(slope, -2, 2))[..., None]
    c.rgba[..., :3], c.rgba[..., 3] = paint * cover[..., None], cover
    return c


def tree(c: Canvas, x: float, y: float, size: float, colour: Colour) -> None:
    """A round tree of many leaf clumps, darker below and right."""
    c.limb([(x, y), (x + 0.05 * size, y + 0.6 * size)], [0.09 * size, 0.05 * size], rgb("4a3a2c"))
    for i in range(240):
        level = i / 240
        a, r = c.rng.random() * 6.283, np.sqrt(c.rng.random()) * 0.36 * size
        dx, dy = r * np.cos(a), r * np.sin(a) * 0.9
        light = 0.42 + 0.4 * level + 0.75 * (dy - dx) / size + 0.3 * c.rng.random()
        leaf = 0.035 + 0.035 * c.rng.random()
        c.ellipse(x + dx, y + 0.72 * size + dy, leaf * size, 0.8 * leaf * size, np.asarray(colour) * light, rough=0.4)


def breakwater(ppm: float, seed: int) -> Canvas:
    """A mole of rough stones with a lighthouse at its head; its lamp glows."""
    c = Canvas(0, -0.2, 80, 19, ppm, seed)
    for i in range(520):
        x, level = c.rng.random() * 78 + 1, i / 520
        rise = 2.6 * min(1.0, x / 5) * (0.75 + 0.25 * np.sin(x * 0.4))
        size = 0.5 + 0.9 * c.rng.random()
        shade = (0.55 + 0.45 * c.rng.random()) * (0.75 + 0.35 * level)
        c.ellipse(x, rise * level * c.rng.random(), size, size * 0.6, np.array([0.60, 0.55, 0.50]) * shade, rough=0.3)
    x = 7.0
    c.rect(x - 2.2, 2, 4.4, 1.1, rgb("a79c8d"), below=rgb("7d756b"))
    for i in range(5):
        w0, w1 = 1.55 - 0.13 * i, 1.55 - 0.13 * (i + 1)
        band = rgb("e9e2d4") if i % 2 == 0 else rgb("b8402f")
        y = 3 + 2.2 * i
        c.fill([(x - w0, y), (x + w0, y), (x + w1, y + 2.2), (x - w1, y + 2.2)], band, streaks=0.2)
        c.fill(
            [(x + 0.25 * w0, y), (x + w0, y), (x + w1, y + 2.2), (x + 0.25 * w1, y + 2.2)], rgb("3a3f52"), opacity=0.42
        )
    c.rect(x - 1.4, 14, 2.8, 0.3, rgb("39404a"))
    c.rect(x - 0.75, 14.3, 1.5, 1.5, rgb("d8d2b8"), glow=(1.0, 0.86, 0.5))
    c.fill([(x - 1.1, 15.8), (x + 1.1, 15.8), (x, 17.6)], rgb("8c2f26"))
    c.halo(x, 15.1, 3.8, (1.1, 0.8, 0.45))
    return c
