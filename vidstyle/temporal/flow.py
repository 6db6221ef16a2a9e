"""Optical flow: where every pixel of one frame has gone in another."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np
import torch
from torch import Tensor

__all__ = ["DisFlow", "FlowEstimator"]


class FlowEstimator(Protocol):
    def __call__(self, first: Tensor, second: Tensor) -> Tensor:
        """The flow from `first` to `second`, both (1, 3, H, W) in [0, 1]: (1, 2, H, W), (dx, dy) in pixels.

        `warp(second, flow)` looks like `first`.
        """


class DisFlow:
    """Dense Inverse Search, by OpenCV, on a CPU. Source: Kroeger et al. 2016.

    preset: "ultrafast", "fast" or "medium".
    """

    def __init__(self, preset: str = "medium") -> None:
        self.dis = cv2.DISOpticalFlow.create(getattr(cv2, f"DISOPTICAL_FLOW_PRESET_{preset.upper()}"))

    def __call__(self, first: Tensor, second: Tensor) -> Tensor:
        found = np.zeros((*first.shape[-2:], 2), np.float32)
        flow = self.dis.calc(_gray(first), _gray(second), found)  # (H, W, 2)
        return torch.from_numpy(flow).permute(2, 0, 1)[None].to(first.device)


def _gray(frame: Tensor) -> np.ndarray:
    codes = (frame[0].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
    return cv2.cvtColor(codes, cv2.COLOR_RGB2GRAY)
