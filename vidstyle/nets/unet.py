"""A U-Net from one domain of pictures to another: every size is handed across.

Source: Ronneberger et al. 2015; Isola et al. 2017 (as a generator); Odena et al. 2016 (resize-convolutions).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .padding import Pad, crop, pad_to_stride
from .protocol import FixedStyleNet
from .statistics import InstanceNorm
from .weights import count, fill

__all__ = ["UNet"]

DEEPEST = 8
"""Halvings; a frame is padded to a multiple of two to that power."""


class UNet(FixedStyleNet):
    """Halves the picture `depth` times and doubles it again; instance norms; `paint` takes and gives [0, 1]."""

    def __init__(self, width: int = 32, depth: int = 4) -> None:
        """`width` is the number of channels at full size; it doubles with each halving, up to eight times."""
        super().__init__()
        widths = [width * min(2**level, 8) for level in range(depth + 1)]
        self.depth = depth
        self.first = nn.Sequential(Pad(1), nn.Conv2d(3, width, 3), nn.LeakyReLU(0.2))
        self.down = nn.ModuleList(
            nn.Sequential(Pad(1), nn.Conv2d(one, two, 4, stride=2), InstanceNorm(two), nn.LeakyReLU(0.2))
            for one, two in itertools.pairwise(widths)
        )
        self.up = nn.ModuleList(
            nn.Sequential(Pad(1), nn.Conv2d(two + one, one, 3), InstanceNorm(one), nn.ReLU())
            for one, two in reversed(list(itertools.pairwise(widths)))
        )
        self.last = nn.Sequential(Pad(1), nn.Conv2d(width, 3, 3), nn.Tanh())

    stride: ClassVar[int] = 16

    @property
    def least_side(self) -> int:
        return 2 * max(2**self.depth, 16)

    def paint(self, frames: Tensor) -> Tensor:
        # Two cells at least at the smallest size: there is nothing to normalise in one.
        x = self.first(pad_to_stride(frames, 2**self.depth, least=2) * 2 - 1)
        passed = []
        for down in self.down:
            passed.append(x)
            x = down(x)
        for up in self.up:
            x = up(torch.cat([F.interpolate(x, scale_factor=2.0, mode="nearest"), passed.pop()], 1))
        return (crop(self.last(x), like=frames) + 1) / 2

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Tensor]) -> UNet:
        """A net of the width and depth of a state dict. ValueError where its tensors do not fit."""
        depth = count(state, "down.")
        if not 1 <= depth <= DEEPEST:
            raise ValueError(f"it halves the picture {depth} times, not 1 to {DEEPEST}")
        with torch.device("meta"):
            net = cls(state["first.1.weight"].shape[0], depth)
        fill(net, state)
        return net
