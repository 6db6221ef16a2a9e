"""The water: a few dozen travelling waves bend the mirror image, Fresnel's law mixes it with the depth's own colour."""

from __future__ import annotations

import cv2
import numpy as np
from camera import View
from paint import Array, Colour, mix


class Water:
    """A wind-ruffled surface; slopes are exact sums of sines, faded where they would be finer than a pixel."""

    def __init__(self, seed: int, count: int = 40, slope: float = 0.019) -> None:
        rng = np.random.default_rng(seed)
        length = np.exp(rng.uniform(np.log(0.35), np.log(5.5), count))
        angle = rng.normal(-1.9, 0.75, count)
        k = 2 * np.pi / length
        self.kx, self.kz = k * np.cos(angle), k * np.sin(angle)
        self.speed = np.sqrt(9.81 * k)
        self.phase = rng.uniform(0, 2 * np.pi, count)
        steep = slope * np.sqrt(2 / count) * (length / 1.2) ** -0.15
        self.ax, self.az = steep * np.cos(angle), steep * np.sin(angle)

    def slopes(self, view: View, t: float, first_row: int) -> tuple[Array, Array]:
        """Slopes along x and along depth for every pixel from first_row down."""
        rows = np.arange(first_row, view.height, dtype=np.float32) + 0.5
        z = view.focal * view.eye / (rows - view.horizon)
        x = (np.arange(view.width, dtype=np.float32) - view.width / 2)[None] * (z / view.focal)[:, None] + np.float32(
            view.x
        )
        depth = z + view.z
        step_x, step_z = z / view.focal, z * z / (view.focal * view.eye)
        gust = 0.72 + 0.28 * np.sin(0.11 * x + 0.23 * depth[:, None] + 0.5 * t) * np.sin(
            0.05 * x - 0.13 * depth[:, None]
        )
        sx, sz = np.zeros_like(x), np.zeros_like(x)
        for kx, kz, speed, phase, ax, az in zip(
            self.kx, self.kz, self.speed, self.phase, self.ax, self.az, strict=True
        ):
            fade = np.exp(-0.35 * ((kx * step_x) ** 2 + (kz * step_z) ** 2))
            keep = int(np.argmax(fade > 0.02)) if (fade > 0.02).any() else len(rows)
            rest = (kz * depth[keep:] + (phase - speed * t) % (2 * np.pi)).astype(np.float32)
            wave = np.cos(x[keep:] * np.float32(kx) + rest[:, None]) * fade[keep:, None].astype(np.float32)
            sx[keep:] += np.float32(ax) * wave
            sz[keep:] += np.float32(az) * wave
        return sx * gust, sz * gust

    def paint(
        self, frame: Array, mirror: Array, view: View, t: float, deep: Colour, sparkle: Colour, sun: float
    ) -> None:
        """Lay the water into the frame from just below the horizon."""
        first = int(view.horizon) + 2
        mirror = cv2.GaussianBlur(mirror, (0, 0), sigmaX=0.9, sigmaY=2.6)
        sx, sz = self.slopes(view, t, first)
        height, width = sx.shape
        y, x = np.mgrid[first : first + height, 0:width].astype(np.float32)
        down = (y - view.horizon) / view.focal
        map_x = x - 2 * view.focal * (down + sz) * sx
        map_y = np.maximum(y + 2 * view.focal * sz * 0.55, first - 1)
        image = cv2.remap(mirror, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        facing = np.clip(down + 0.9 * sz + 0.02, 0.01, 1)
        fresnel = 0.2 + 0.8 * (1 - facing) ** 4.2
        body = mix(np.asarray(deep) * 1.25, np.asarray(deep) * 0.75, (down / down.max())[..., None])
        body = body * (1 + 8 * sz + 5 * sx)[..., None]
        shine = np.exp(-(((sx - 0.03 * (x / width - sun)) / 0.014) ** 2) - ((sz + 0.030) / 0.010) ** 2)
        shine = cv2.GaussianBlur(shine * np.exp(-(((x / width - sun) / 0.4) ** 2)), (0, 0), 1.0)
        frame[first:] = mix(body, image, fresnel[..., None]) + shine[..., None] * np.asarray(sparkle, np.float32)
