"""Display matrices: how a player turns and flips the frames of a stream."""

from __future__ import annotations

import math
import struct
from typing import TypeVar

import av
import numpy as np

from vidstyle.media.sidedata import side_data

__all__ = ["display_matrix", "exif_matrix", "rotation_of", "turned", "turns_of"]

T = TypeVar("T", bound=np.ndarray)


def display_matrix(frame: av.VideoFrame, codec: str) -> tuple[int, ...] | None:
    """A frame's nine integers in FFmpeg's layout, or None where it is shown as it is."""
    data = side_data(frame, codec).get("DISPLAYMATRIX")
    if data is None:  # or there is side data newer than PyAV's list of kinds; then the angle is all there is
        return _rotation(frame.rotation) if frame.rotation else None
    matrix = struct.unpack("=9i", bytes(data)[:36])
    return None if matrix[:2] == (65536, 0) and matrix[3:5] == (0, 65536) else matrix


def exif_matrix(orientation: int) -> tuple[int, ...] | None:
    """The display matrix of an EXIF orientation (1 to 8)."""
    turn = {3: (-1, 0, 0, -1), 6: (0, 1, -1, 0), 8: (0, -1, 1, 0)}
    flip = {2: (-1, 0, 0, 1), 4: (1, 0, 0, -1), 5: (0, 1, 1, 0), 7: (0, -1, -1, 0)}
    entries = (turn | flip).get(orientation)
    if entries is None:
        return None
    a, b, c, d = (value << 16 for value in entries)
    return (a, b, 0, c, d, 0, 0, 0, 1 << 30)


def _rotation(degrees: int) -> tuple[int, ...]:
    c, s = round(math.cos(math.radians(degrees)) * 65536), round(math.sin(math.radians(degrees)) * 65536)
    return (c, -s, 0, s, c, 0, 0, 0, 1 << 30)


def rotation_of(matrix: tuple[int, ...] | None) -> int:
    """Degrees counterclockwise."""
    if matrix is None:
        return 0
    return round(math.degrees(math.atan2(-matrix[1], matrix[0])))


def turns_of(matrix: tuple[int, ...] | None) -> tuple[int, bool]:
    """(quarter turns counterclockwise, whether to mirror left-right first) that make the frames upright."""
    if matrix is None:
        return 0, False
    a, b, _, c, d = matrix[:5]
    mirrored = a * d - b * c < 0
    if mirrored:
        a, b = -a, -b
    return round(math.degrees(math.atan2(-b, a)) / 90) % 4, mirrored


def turned(pixels: T, turns: int, mirrored: bool) -> T:
    """(H, W) or (H, W, C) pixels turned upright."""
    if mirrored:
        pixels = pixels[:, ::-1]  # type: ignore[assignment]
    return np.ascontiguousarray(np.rot90(pixels, turns))  # type: ignore[return-value]
