"""Display matrices: how a player turns and flips the frames of a stream."""

from __future__ import annotations

import math
import struct
from typing import TypeVar

import av
import numpy as np
from av.sidedata.sidedata import Type

__all__ = ["display_matrix", "rotation_of", "turned", "turns_of"]

T = TypeVar("T", bound=np.ndarray)


def display_matrix(frame: av.VideoFrame) -> tuple[int, ...] | None:
    """A frame's nine integers in FFmpeg's layout, or None where it is shown as it is."""
    try:
        data = frame.side_data.get(Type.DISPLAYMATRIX)
    except ValueError:  # side data that is newer than PyAV's list of kinds
        angle = frame.rotation
        return _rotation(angle) if angle else None
    if data is None:
        return None
    matrix = struct.unpack("=9i", bytes(data)[:36])
    return None if matrix[:2] == (65536, 0) and matrix[3:5] == (0, 65536) else matrix


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
