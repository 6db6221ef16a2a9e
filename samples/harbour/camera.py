"""The camera: where it stands, and how a canvas at some depth falls into its picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from paint import Array, Canvas


@dataclass(frozen=True)
class View:
    """A camera that looks level along depth: position, eye height above the water in metres, focal length in pixels."""

    width: int
    height: int
    focal: float
    horizon: float
    eye: float
    x: float
    z: float

    def scale(self, depth: float) -> float:
        """Pixels per metre at a depth."""
        return self.focal / (depth - self.z)

    def place(
        self, c: Canvas, x: float, y: float, depth: float, tilt: float = 0.0, mirrored: bool = False, flip: bool = False
    ) -> Array:
        """The affine map from canvas pixels to picture pixels, with the canvas origin at (x, y, depth)."""
        s, sign = self.scale(depth), -1.0 if mirrored else 1.0
        side = -1.0 if flip else 1.0
        to_metres = np.array([[side / c.ppm, 0, side * c.left], [0, -1 / c.ppm, c.top], [0, 0, 1]])
        turn = np.array([[np.cos(tilt), -np.sin(tilt), x], [np.sin(tilt), np.cos(tilt), y], [0, 0, 1]])
        project = np.array(
            [[s, 0, self.width / 2 - s * self.x], [0, -s * sign, self.horizon + s * self.eye], [0, 0, 1]]
        )
        return (project @ turn @ to_metres)[:2].astype(np.float32)


def lay(picture: Array, rgba: Array, matrix: Array) -> None:
    """Composite a premultiplied image over the picture through an affine map."""
    h, w = rgba.shape[:2]
    corners = np.array([[0, 0, 1], [w, 0, 1], [0, h, 1], [w, h, 1]], np.float32) @ matrix.T
    x0, y0 = np.maximum(np.floor(corners.min(0)).astype(int), 0)
    x1, y1 = np.minimum(np.ceil(corners.max(0)).astype(int) + 1, picture.shape[1::-1])
    if x1 <= x0 or y1 <= y0:
        return
    moved = matrix.copy()
    moved[:, 2] -= (x0, y0)
    moved[:, 2] += 0.5 * (matrix[:, 0] + matrix[:, 1]) - 0.5
    part = cv2.warpAffine(rgba, moved, (int(x1 - x0), int(y1 - y0)), flags=cv2.INTER_LINEAR)
    below = picture[y0:y1, x0:x1]
    below *= 1 - part[..., 3:]
    below += part[..., :3]
