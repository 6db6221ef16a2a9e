"""Optical flow by OpenCV, on a CPU.

Sources: Kroeger et al. 2016 (Dense Inverse Search); Farnebäck 2003.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import torch
from torch import Tensor

from vidstyle.temporal.raster import enlarged, luma, resized

__all__ = ["Dis", "Farneback"]

SMALLEST = 32
"""Side of the smallest frames that DIS takes."""
FEW, FEW_FAST, ROUNDS = 16_000, 120_000, 2
"""In frames of fewer pixels (the second for the preset "fast") one finer scale is searched than else, and
flow is refined in at most so many rounds."""
SLIMMEST = 24
"""How many times as long as wide frames may be for DIS. In strips nothing is found to move."""


class Dis:
    """Dense Inverse Search. preset: "ultrafast", "fast" or "medium"."""

    def __init__(self, preset: str = "medium") -> None:
        self.dis = cv2.DISOpticalFlow.create(getattr(cv2, f"DISOPTICAL_FLOW_PRESET_{preset.upper()}"))
        self.finest, self.rounds = self.dis.getFinestScale(), self.dis.getVariationalRefinementIterations()
        self.few = FEW_FAST if preset == "fast" else FEW

    def __call__(self, first: Tensor, second: Tensor) -> Tensor:
        height, width = first.shape[-2:]
        if max(height, width) > SLIMMEST * min(height, width):
            return first.new_zeros(len(first), 2, height, width)
        # It reads outside of smaller frames.
        size = max(SMALLEST, height), max(SMALLEST, width)
        few = height * width < self.few
        self.dis.setFinestScale(max(0, self.finest - few))
        self.dis.setVariationalRefinementIterations(min(ROUNDS, self.rounds) if few else self.rounds)
        # Without a flow to begin with it begins with what its memory holds.
        flow = _each(lambda a, b: self.dis.calc(a, b, _nowhere(a)), resized(first, size), resized(second, size))
        return enlarged(flow, (height, width))


class Farneback:
    """Polynomial expansion, five levels of a pyramid."""

    def __call__(self, first: Tensor, second: Tensor) -> Tensor:
        return _each(
            lambda a, b: cv2.calcOpticalFlowFarneback(a, b, _nowhere(a), 0.5, 5, 15, 3, 7, 1.5, 0), first, second
        )


def _each(calculate: Callable[[np.ndarray, np.ndarray], np.ndarray], first: Tensor, second: Tensor) -> Tensor:
    """Pair by pair: luma in bytes in, (h, w, 2) out."""
    flows = [calculate(a, b) for a, b in zip(_codes(first), _codes(second), strict=True)]
    return torch.from_numpy(np.stack(flows)).permute(0, 3, 1, 2).to(first.device)  # (N, 2, H, W)


def _nowhere(frame: np.ndarray) -> np.ndarray:
    return np.zeros((*frame.shape, 2), np.float32)


def _codes(frames: Tensor) -> list[np.ndarray]:
    """(N, 3 or 1, H, W) in [0, 1] -> N of (H, W), bytes."""
    gray = luma(frames) if frames.shape[1] == 3 else frames
    return [cv2.convertScaleAbs(one, alpha=255) for one in gray[:, 0].float().cpu().numpy()]
