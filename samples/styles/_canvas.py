"""What the style scripts share: noise, colours, brush strokes along a flow, the look of relief, saving."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
SCALE = 2  # pictures are painted at twice their size


def palette(codes: str) -> Array:
    """Turn 'f2c14e 1d3557' into an (n, 3) array of colours in [0, 1]."""
    return np.array([[int(c[i : i + 2], 16) / 255 for i in (0, 2, 4)] for c in codes.split()], np.float32)


def grid(width: int, height: int) -> tuple[Array, Array]:
    """Coordinates x and y of a picture painted at SCALE, in units of its final pixels."""
    y, x = np.mgrid[0 : height * SCALE, 0 : width * SCALE].astype(np.float32)
    return x / SCALE, y / SCALE


def noise(shape: tuple[int, int], cell: float, rng: np.random.Generator, stretch: float = 1.0) -> Array:
    """Smooth value noise in about [0, 1]; cell is in final pixels, stretch widens it."""
    h, w = shape
    cy, cx = max(cell * SCALE, 1.0), max(cell * SCALE * stretch, 1.0)
    field = rng.random((int(h / cy) + 4, int(w / cx) + 4), np.float32)
    to_grid = np.array([[1 / cx, 0, 1 + rng.random()], [0, 1 / cy, 1 + rng.random()]])
    return cv2.warpAffine(
        field, to_grid, (w, h), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT
    )


def fbm(shape: tuple[int, int], cell: float, rng: np.random.Generator, octaves: int = 5, stretch: float = 1.0) -> Array:
    """Octaves of noise summed into [0, 1]."""
    total, weight = np.zeros(shape, np.float32), 1.0
    for _ in range(octaves):
        total += weight * (noise(shape, cell, rng, stretch) - 0.5)
        weight, cell = weight * 0.55, cell / 2
    return np.clip(0.5 + 0.75 * total, 0, 1)


def step(low: float, high: float, x: Array) -> Array:
    """Ramp smoothly from 0 at low to 1 at high."""
    u = np.clip((x - low) / (high - low), 0, 1)
    return u * u * (3 - 2 * u)


def mix(a: Array, b: Array, amount: float | Array) -> Array:
    """Blend from a to b; a two-dimensional amount applies to every channel."""
    amount = np.asarray(amount, np.float32)
    return a + (b - a) * (amount[..., None] if amount.ndim == 2 else amount)


def ramp(colours: Array, u: Array) -> Array:
    """Look u in [0, 1] up in a row of colours."""
    at = np.clip(u, 0, 1) * (len(colours) - 1)
    low = np.minimum(at.astype(int), len(colours) - 2)
    return mix(colours[low], colours[low + 1], (at - low)[..., None])


def vary(colours: Array, rng: np.random.Generator, tint: float, light: float) -> Array:
    """Scatter colours about themselves, in tint and in lightness."""
    n = len(colours)
    return np.clip(colours * (1 + light * rng.standard_normal((n, 1))) + tint * rng.standard_normal((n, 3)), 0, 1)


def paths(angle: Array, start: Array, length: Array, steps: int = 9) -> Array:
    """Follow a flow both ways from each start (n, 2): curves of (n, steps, 2) in painted pixels."""
    h, w = angle.shape
    halves = []
    for way in (-1, 1):
        p, half = start.astype(np.float32).copy(), []
        for _ in range(steps // 2):
            a = angle[np.clip(p[:, 1], 0, h - 1).astype(int), np.clip(p[:, 0], 0, w - 1).astype(int)]
            p = p + way * np.stack([np.cos(a), np.sin(a)], 1) * (length / steps)[:, None]
            half.append(p)
        halves.append(half)
    return np.stack([*halves[0][::-1], start.astype(np.float32), *halves[1]], 1)


def brush(
    picture: NDArray[np.uint8],
    relief: NDArray[np.uint8],
    curves: Array,
    colours: Array,
    width: Array,
    rng: np.random.Generator,
    bristles: int = 8,
) -> None:
    """Draw strokes in place, each of several bristles that differ in tone; relief collects the paint's thickness."""
    tangent = np.gradient(curves, axis=1)
    normal = np.stack([-tangent[..., 1], tangent[..., 0]], 2)
    normal /= np.linalg.norm(normal, axis=2, keepdims=True) + 1e-6
    taper = np.sin(np.linspace(0.35, np.pi - 0.25, curves.shape[1])) ** 0.5
    offsets = np.linspace(-0.5, 0.5, bristles)
    for curve, side, colour, wide in zip(curves, normal, colours, width, strict=True):
        thick = max(round(wide / bristles * 1.7), 1)
        load = rng.random(bristles)
        for k in rng.permutation(bristles):
            line = curve + side * (offsets[k] * wide * taper)[:, None] + rng.normal(0, 0.02 * wide, 2)
            cut = int(rng.integers(0, 2)), curve.shape[0] - int(rng.integers(0, 3))
            line = np.round(line[cut[0] : cut[1]] * 16).astype(np.int32)
            tone = np.clip(colour * (0.86 + 0.28 * load[k]) * 255, 0, 255)
            cv2.polylines(picture, [line], False, tone.tolist(), thick, cv2.LINE_AA, 4)
            cv2.polylines(relief, [line], False, int(60 + 190 * load[k]), thick, cv2.LINE_AA, 4)


def light(picture: Array, height: Array, strength: float, blur: float = 1.0) -> Array:
    """Light a picture from the upper left over a height map."""
    height = cv2.GaussianBlur(height.astype(np.float32), (0, 0), blur)
    slope = cv2.Sobel(height, -1, 1, 0, ksize=3) + cv2.Sobel(height, -1, 0, 1, ksize=3)
    return picture * (1 + strength * np.clip(slope / 4, -1, 1))[..., None]


def save(picture: Array, name: str, quality: int = 88) -> None:
    """Reduce a picture painted at SCALE and write it beside the scripts as a JPEG."""
    h, w = picture.shape[0] // SCALE, picture.shape[1] // SCALE
    small = cv2.resize(np.clip(picture, 0, 1).astype(np.float32), (w, h), interpolation=cv2.INTER_AREA)
    path = Path(__file__).resolve().parent / f"{name}.jpg"
    cv2.imwrite(str(path), np.rint(small[..., ::-1] * 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])
