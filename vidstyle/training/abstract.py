"""Abstract styles made of paintings: mosaics, cut-outs, other palettes. Folders of paintings hold few of their kind."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

__all__ = ["abstract"]

Picture = np.ndarray
"""(s, s, 3) uint8."""


def abstract(pictures: np.ndarray, count: int, seed: int) -> np.ndarray:
    """`count` abstract pictures made of `pictures`: (N, s, s, 3) uint8 -> (count, s, s, 3) uint8."""
    rng = np.random.default_rng(seed)
    ways: tuple[Callable[[Picture, Picture, np.random.Generator], Picture], ...] = (_mosaic, _cut_outs, _palette)
    made = np.empty((count, *pictures.shape[1:]), np.uint8)
    for number in range(count):
        one, other = pictures[rng.integers(len(pictures), size=2)]
        made[number] = ways[number % len(ways)](one, other, rng)
    return made


def _mosaic(one: Picture, other: Picture, rng: np.random.Generator) -> Picture:
    """Stones in the colours below them, with joints between; the larger the stones, the wider."""
    side = len(one)
    size = side / rng.uniform(12, 60)
    grid = np.mgrid[0:side:size, 0:side:size].reshape(2, -1).T
    at = (grid + rng.uniform(-0.35, 0.35, grid.shape) * size + size / 2).astype(int).clip(0, side - 1)
    seeds = np.full((side, side), 255, np.uint8)
    seeds[at[:, 0], at[:, 1]] = 0
    _, found = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    label: np.ndarray = np.asarray(found, np.intp)
    colours = np.zeros((label.max() + 1, 3))
    np.add.at(colours, label, one)
    stones = colours / np.maximum(1, np.bincount(label.ravel(), minlength=len(colours)))[:, None]
    stones = (stones + rng.normal(0, rng.uniform(0, 20), (len(stones), 1))).clip(0, 255)
    edge = cv2.morphologyEx(label.astype(np.float32), cv2.MORPH_GRADIENT, np.ones((2, 2))) > 0
    joint = rng.choice([one.min((0, 1)), one.max((0, 1)), one.mean((0, 1))])
    painted = stones[label]
    painted[cv2.dilate(edge.astype(np.uint8), np.ones((1 + int(size / 16),) * 2)) > 0] = joint
    return cv2.GaussianBlur(painted.astype(np.uint8), (3, 3), 0.6)


def _cut_outs(one: Picture, other: Picture, rng: np.random.Generator) -> Picture:
    """Shapes and lines cut out of the other picture and in its colours, thrown on the first."""
    side = len(one)
    ground = cv2.GaussianBlur(one, (0, 0), rng.uniform(1, side / 8))
    for _ in range(int(rng.integers(12, 60))):
        mask = np.zeros((side, side), np.uint8)
        centre = rng.integers(0, side, 2)
        reach = side * rng.uniform(0.02, 0.25)
        kind = rng.integers(4)
        if kind == 0:
            cv2.fillPoly(mask, [(centre + rng.normal(0, reach, (rng.integers(3, 6), 2))).astype(np.int32)], 255)
        elif kind == 1:
            axes = (int(1 + reach), int(1 + reach * rng.uniform(0.3, 1)))
            ring = -1 if rng.random() < 0.6 else int(rng.integers(1, 6))
            cv2.ellipse(mask, centre.tolist(), axes, float(rng.uniform(0, 180)), 0, 360, 255, ring, cv2.LINE_AA)
        else:
            ends = (centre + rng.normal(0, 2 * reach, (rng.integers(2, 5), 2))).astype(np.int32)
            cv2.polylines(mask, [ends], bool(kind == 2), 255, int(rng.integers(1, 6)), cv2.LINE_AA)
        flat = other[tuple(rng.integers(0, side, 2))].astype(float)
        paint = np.where(rng.random() < 0.5, np.broadcast_to(flat, one.shape), np.roll(other, rng.integers(side), 1))
        share = mask[..., None] / 255 * rng.uniform(0.6, 1)
        ground = (ground * (1 - share) + paint * share).astype(np.uint8)
    return ground


def _palette(one: Picture, other: Picture, rng: np.random.Generator) -> Picture:
    """The first picture in the colours of the other: means and covariances are exchanged. Gatys et al. 2017, eq. 4."""
    ours, theirs = (picture.reshape(-1, 3) / 255.0 for picture in (one, other))
    (mean, root), (target, wanted) = (_moments(colours) for colours in (ours, theirs))
    moved = (ours - mean) @ np.linalg.inv(root) @ wanted
    return (255 * (moved + target)).clip(0, 255).round().astype(np.uint8).reshape(one.shape)


def _moments(colours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (3,) and the symmetric root (3, 3) of the covariance of colours (P, 3)."""
    values, vectors = np.linalg.eigh(np.cov(colours.T) + 1e-4 * np.eye(3))
    return colours.mean(0), (vectors * np.sqrt(values)) @ vectors.T
