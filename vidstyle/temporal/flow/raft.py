"""Optical flow by RAFT, where torchvision's weights can be had. Source: Teed & Deng 2020."""

from __future__ import annotations

from urllib.error import URLError

import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.errors import InputError
from vidstyle.temporal.raster import enlarged, resized
from vidstyle.zoo.vision import import_torchvision

__all__ = ["Raft"]

SMALLEST = 128
"""Side below which its pyramid of correlations has no room."""


class Raft:
    """torchvision's raft_small or raft_large ("small", "large"); InputError where the weights cannot be downloaded."""

    def __init__(self, size: str = "small", device: torch.device | str = "cpu", weights: bool = True) -> None:
        """weights: False leaves the net untrained."""
        models = import_torchvision().models.optical_flow
        make, known = {
            "small": (models.raft_small, models.Raft_Small_Weights.DEFAULT),
            "large": (models.raft_large, models.Raft_Large_Weights.DEFAULT),
        }[size]
        try:
            net = make(weights=known if weights else None, progress=False)
        except (URLError, OSError, RuntimeError) as error:
            raise InputError(f"RAFT's weights cannot be downloaded ({error}); choose the flow dis or lk") from None
        self.net = net.to(device).eval().requires_grad_(False)

    @torch.no_grad()
    def __call__(self, first: Tensor, second: Tensor) -> Tensor:
        height, width = first.shape[-2:]
        # Sides that are multiples of 8.
        size = max(SMALLEST, 8 * round(height / 8)), max(SMALLEST, 8 * round(width / 8))
        one, other = (2 * resized(F.relu(x).clamp(max=1).expand(-1, 3, -1, -1), size) - 1 for x in (first, second))
        return enlarged(self.net(one.contiguous(), other.contiguous())[-1], (height, width))
