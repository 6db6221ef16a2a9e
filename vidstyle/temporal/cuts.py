"""Where one shot ends and the next begins."""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np
from torch import Tensor

from .flow import FlowEstimator
from .raster import apart, luma, moved, resized

__all__ = ["is_cut", "load_detector", "same_shot", "thumbnail"]

SIDE = 128
"""Longer side, in pixels, of the frames that are compared."""
THRESHOLD = 27.0
"""Mean change of hue, saturation and value, in bytes, from which on it is a cut: PySceneDetect's own."""
SAME_SHOT = 0.5
"""Share of a sudden change that is left where a motion explains it."""
CALM = 6.0
"""Mean change of red, green and blue, in bytes, below which nobody need ask."""


def thumbnail(frame: Tensor) -> np.ndarray:
    """(1, 3, H, W) in [0, 1] -> (h, w, 3), RGB in bytes, small; what `is_cut` compares."""
    scale = SIDE / max(frame.shape[-2:])
    size = max(1, round(frame.shape[-2] * scale)), max(1, round(frame.shape[-1] * scale))
    small = resized(frame, size, quick=True) if scale < 1 else frame
    return cv2.convertScaleAbs(small[0].permute(1, 2, 0).float().cpu().numpy(), alpha=255)


def is_cut(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether another shot begins between two neighbouring frames, given their thumbnails. Needs no later frame.

    By PySceneDetect's ContentDetector.
    """
    if before.shape != after.shape:
        return True
    if cv2.norm(before, after, cv2.NORM_L1) < CALM * before.size:
        return False
    parts = _scenedetect()
    detector = parts.detectors.ContentDetector(THRESHOLD, min_scene_len=0)
    found: list[Any] = []
    for number, picture in enumerate((before, after)):
        found = detector.process_frame(parts.FrameTimecode(number, fps=25.0), np.ascontiguousarray(picture[..., ::-1]))
    return bool(found)


def same_shot(before: Tensor, after: Tensor, estimate: FlowEstimator) -> bool:
    """Whether two neighbouring frames (1, 3, H, W) in [0, 1] are of one shot: alike, or one is the other moved."""
    if not is_cut(thumbnail(before), thumbnail(after)):
        return True
    one, other = luma(before), luma(after)
    mismatch = apart(moved(other, estimate(one, other), cubic=False), one).mean()
    return bool(mismatch < SAME_SHOT * apart(one, other).mean())


def load_detector() -> None:
    """What the first cut would take most of a second for."""
    _scenedetect()


@cache
def _scenedetect() -> Any:
    import scenedetect

    return scenedetect
