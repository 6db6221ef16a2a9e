"""Clips to judge steadiness by: the first frames of a file, and how everything in them moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

import torch
from torch import Tensor

from vidstyle.errors import InputError
from vidstyle.media import as_tensors, open_source
from vidstyle.temporal.cuts import same_shot
from vidstyle.temporal.flow import FlowEstimator
from vidstyle.temporal.occlusion import flow_seen
from vidstyle.temporal.raster import resized

__all__ = ["INTERVALS", "Clip", "Motion", "first_squares", "load_clip", "motions", "read_frames"]

INTERVALS = (1, 10)
"""Frames between the two that are compared: what the eye sees as flicker, and as a change of paint."""
SMALLEST = 16
"""Side of the smallest frames that are painted."""

Motion = tuple[Tensor, Tensor]
"""The flow from a frame to a later one, (1, 2, H, W), and the mask of the pixels that both show, (1, 1, H, W)."""


@dataclass(frozen=True)
class Clip:
    """Frames (1, 3, H, W) in [0, 1], and their motions by interval: from every frame to the one so much later."""

    name: str
    rate: float
    """Frames per second."""
    frames: list[Tensor]
    motions: dict[int, list[Motion]]


def motions(contents: Sequence[Tensor], interval: int, estimate: FlowEstimator) -> list[Motion]:
    """The motion from every content frame (1, 3, H, W) to the one `interval` frames later; none is seen over a cut."""
    found = []
    whole = [same_shot(one, other, estimate) for one, other in pairwise(contents)]
    for number, (first, second) in enumerate(zip(contents, contents[interval:], strict=False)):
        flow, mask = flow_seen(estimate, first, second)
        found.append((flow, mask if all(whole[number : number + interval]) else torch.zeros_like(mask)))
    return found


def read_frames(path: Path, count: int, side: int) -> tuple[list[Tensor], float]:
    """At most `count` frames of a file, their longer side at most `side` pixels, and the frame rate."""
    frames: list[Tensor] = []
    with open_source(path) as source:
        for pixels in islice(as_tensors(source), count):
            scale = min(1.0, side / max(pixels.shape[-2:]))
            height, width = (max(SMALLEST, round(length * scale)) for length in pixels.shape[-2:])
            frames.append(resized(pixels, (height, width)))
        rate = float(source.info.rate or 25)
    return frames, rate


def load_clip(path: Path, count: int, side: int, estimate: FlowEstimator) -> Clip:
    """The first `count` frames of a file. InputError where there are fewer than two."""
    frames, rate = read_frames(path, count, side)
    if len(frames) < 2:
        raise InputError(f"{path} has one frame only; steadiness is judged by clips")
    known = {n: motions(frames, n, estimate) for n in INTERVALS if n < len(frames)}
    return Clip(path.name, rate, frames, known)


def first_squares(paths: Sequence[Path], count: int = 8, side: int = 256) -> Tensor:
    """The first frames of the first clips, as squares: (N, 3, side, side) in [0, 1]."""
    return torch.cat([resized(read_frames(path, 1, 2 * side)[0][0], (side, side)) for path in paths[:count]])
