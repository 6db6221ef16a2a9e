"""Painting in metres: textured shapes on transparent canvases, and noise to texture them with."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Colour = Sequence[float]
Points = Sequence[tuple[float, float]]


def rgb(code: str) -> Array:
    """Turn 'd8b48a' into three floats in [0, 1]."""
    return np.array([int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)], np.float32)


def mix(a: Colour | Array, b: Colour | Array, amount: float | Array) -> Array:
    """Blend linearly from a to b."""
    a, b = np.asarray(a, np.float32), np.asarray(b, np.float32)
    return (a + (b - a) * amount).astype(np.float32)


def smoothstep(low: float, high: float, x: Array) -> Array:
    """Ramp smoothly from 0 at low to 1 at high."""
    u = np.clip((x - low) / (high - low), 0, 1)
    return u * u * (3 - 2 * u)


def noise(shape: tuple[int, int], cell: tuple[float, float], rng: np.random.Generator) -> Array:
    """Smooth value noise in about [0, 1] with cells of the given height and width in pixels."""
    height, width = shape
    cell_y, cell_x = max(cell[0], 1.0), max(cell[1], 1.0)
    grid = rng.random((int(height / cell_y) + 4, int(width / cell_x) + 4), np.float32)
    y, x = rng.random(2)
    to_grid = np.array([[1 / cell_x, 0, 1 + x], [0, 1 / cell_y, 1 + y]])
    return cv2.warpAffine(
        grid, to_grid, (width, height), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT
    )


def fbm(shape: tuple[int, int], cell: float, rng: np.random.Generator, octaves: int = 5, stretch: float = 1.0) -> Array:
    """Sum octaves of noise into [0, 1]; stretch widens the cells."""
    total, weight = np.zeros(shape, np.float32), 1.0
    for _ in range(octaves):
        total += weight * (noise(shape, (cell, cell * stretch), rng) - 0.5)
        weight, cell = weight * 0.55, cell / 2
    return np.clip(0.5 + total * 0.75, 0, 1)


def relief(cover: Array) -> Array:
    """How much a rounded body of this outline faces a light at the upper left, in [-1, 1]."""
    inside = cv2.distanceTransform((np.pad(cover, 1) > 0.5).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    reach = min(float(inside.max()), 40.0) + 1e-3
    height = reach * np.sqrt(1 - (1 - np.clip(inside / reach, 0, 1)) ** 2)
    height = cv2.GaussianBlur(height, (0, 0), max(0.22 * reach, 0.5))
    return np.clip(
        0.75 * cv2.Sobel(height, -1, 1, 0, scale=1 / 8) + 0.65 * cv2.Sobel(height, -1, 0, 1, scale=1 / 8), -1, 1
    )


class Canvas:
    """A transparent picture addressed in metres, x to the right and y up, with a separate layer of own light."""

    def __init__(self, left: float, bottom: float, right: float, top: float, ppm: float, seed: int = 0) -> None:
        self.left, self.top, self.ppm = left, top, ppm
        self.shape = (max(int(np.ceil((top - bottom) * ppm)), 2), max(int(np.ceil((right - left) * ppm)), 2))
        self.rgba = np.zeros((*self.shape, 4), np.float32)
        self.glow = np.zeros((*self.shape, 3), np.float32)
        self.rng, texture = np.random.default_rng(seed), np.random.default_rng(seed + 1000)
        self.rough = fbm(self.shape, 1.1 * ppm, texture, 6) - 0.5
        self.streaks = fbm(self.shape, 1.6 * ppm, texture, 5, stretch=0.16) - 0.5

    def pixels(self, points: Points | Array) -> Array:
        """Convert metres to pixel coordinates."""
        p = np.asarray(points, np.float32)
        return np.stack([(p[:, 0] - self.left) * self.ppm, (self.top - p[:, 1]) * self.ppm], 1)

    def mask(self, points: Points | Array) -> tuple[tuple[slice, slice], Array] | None:
        """Cover a polygon: its window in the picture and the antialiased coverage there."""
        p = self.pixels(points)
        x0, y0 = np.maximum(np.floor(p.min(0)).astype(int) - 1, 0)
        x1, y1 = np.minimum(np.ceil(p.max(0)).astype(int) + 2, self.shape[::-1])
        if x1 <= x0 or y1 <= y0:
            return None
        cover = np.zeros((y1 - y0, x1 - x0), np.uint8)
        fixed = np.round((p - (x0 + 0.5, y0 + 0.5)) * 16).astype(np.int32)
        cv2.fillPoly(cover, [fixed], 255, cv2.LINE_AA, 4)
        return (slice(y0, y1), slice(x0, x1)), cover.astype(np.float32) / 255

    def fill(
        self,
        points: Points | Array,
        colour: Colour | Array,
        *,
        below: Colour | Array | None = None,
        rough: float = 0.12,
        streaks: float = 0.0,
        opacity: float = 1.0,
        glow: Colour | Array | None = None,
        volume: float = 0.0,
    ) -> None:
        """Paint a polygon from colour at its top to below at its foot, roughened by noise, rounded by volume."""
        found = self.mask(points)
        if found is None:
            return
        window, cover = found
        cover = cover[..., None] * opacity
        ramp = np.linspace(0, 1, cover.shape[0], dtype=np.float32)[:, None, None]
        paint = mix(colour, colour if below is None else below, ramp)
        paint = paint * (1 + 2 * rough * self.rough[window] + 2 * streaks * self.streaks[window])[..., None]
        if volume:
            paint = paint * (1 + volume * relief(cover[..., 0]))[..., None]
        part = self.rgba[window]
        part *= 1 - cover
        part[..., :3] += np.clip(paint, 0, 1.2) * cover
        part[..., 3:] += cover
        light = self.glow[window]
        light *= 1 - cover
        if glow is not None:
            light += np.asarray(glow, np.float32) * cover

    def rect(self, x: float, y: float, width: float, height: float, colour: Colour | Array, **paint: object) -> None:
        """Paint an upright rectangle from its lower left corner."""
        self.fill([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], colour, **paint)

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: Colour | Array, **paint: object) -> None:
        """Paint an ellipse about a centre."""
        a = np.linspace(0, 2 * np.pi, 28, endpoint=False)
        self.fill(np.stack([x + rx * np.cos(a), y + ry * np.sin(a)], 1), colour, **paint)

    def limb(self, p: Points, widths: Sequence[float], colour: Colour | Array, **paint: object) -> None:
        """Paint a chain of rounded, tapering segments."""
        a = np.linspace(0, 2 * np.pi, 14, endpoint=False)
        ring = np.stack([np.cos(a), np.sin(a)], 1)
        for i in range(len(p) - 1):
            ends = [np.asarray(p[j]) + ring * widths[min(j, len(widths) - 1)] / 2 for j in (i, i + 1)]
            self.fill(cv2.convexHull(np.concatenate(ends).astype(np.float32))[:, 0], colour, **paint)

    def halo(self, x: float, y: float, radius: float, colour: Colour | Array, flat: float = 1.0) -> None:
        """Add a soft round light that covers nothing."""
        at = self.pixels([(x, y)])[0]
        v, u = np.mgrid[0 : self.shape[0], 0 : self.shape[1]].astype(np.float32)
        far = np.hypot(u - at[0], (v - at[1]) / flat) / (radius * self.ppm)
        light = np.exp(-5 * far) * np.clip(1 - far, 0, 1)
        self.glow += light[..., None] * np.asarray(colour, np.float32)

    def lamplight(self, x: float, y: float, reach: float, colour: Colour | Array) -> None:
        """Let a lamp shine on what is painted already."""
        at = self.pixels([(x, y)])[0]
        v, u = np.mgrid[0 : self.shape[0], 0 : self.shape[1]].astype(np.float32)
        light = np.exp(-((np.hypot(u - at[0], v - at[1]) / (reach * self.ppm)) ** 1.2) * 2.2)
        self.glow += self.rgba[..., :3] * light[..., None] * np.asarray(colour, np.float32)

    def shadow(self, points: Points, strength: float, blur: float) -> None:
        """Darken what is painted already with a soft-edged polygon."""
        found = self.mask(points)
        if found is None:
            return
        window, cover = found
        whole = np.zeros(self.shape, np.float32)
        whole[window] = cover
        whole = cv2.GaussianBlur(whole, (0, 0), max(blur * self.ppm, 0.3))
        self.rgba[..., :3] *= (1 - strength * whole)[..., None]

    def rim(self, side: float, width: float, colour: Colour | Array, strength: float) -> None:
        """Light the edges that face left (side -1) or right (+1)."""
        alpha = self.rgba[..., 3]
        moved = cv2.warpAffine(
            alpha, np.float32([[1, 0, -side * width * self.ppm], [0, 1, 0.4 * width * self.ppm]]), self.shape[::-1]
        )
        edge = (
            np.clip(alpha - cv2.GaussianBlur(moved, (0, 0), max(width * self.ppm * 0.5, 0.4)), 0, 1)[..., None]
            * strength
        )
        self.rgba[..., :3] += (np.asarray(colour, np.float32) * alpha[..., None] - self.rgba[..., :3]) * edge
