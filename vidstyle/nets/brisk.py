"""brisk: an arbitrary-style network light enough for live use on a CPU.

Most of the work is at 1/8 of the frame's size, and nothing is near full resolution.

Source: Shi et al. 2016 (sub-pixel convolution); for the rest see conditioned.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .conditioned import ConditionedNet, Conv, FramePath, Modulate, StyleReader

__all__ = ["Brisk", "BriskSizes"]


@dataclass(frozen=True)
class BriskSizes:
    """Channels and depths of a brisk network."""

    quarter: int = 32
    """Channels at 1/4 of the frame's size."""
    eighth: int = 64
    """Channels at 1/8, where most of the work is."""
    blocks: int = 3
    """Residual blocks at 1/8."""
    style: tuple[int, ...] = (32, 64, 128, 192, 192)
    """Channels of the style encoder at 1/2, 1/4, 1/8, 1/16, 1/32 of the style's size."""
    embedding: int = 320


class Patches(nn.Conv2d):
    """Overlapping 8×8 patches, one per 4×4 pixels: (N, 3, H + 4, W + 4) -> (N, C, H/4, W/4)."""

    def __init__(self, outputs: int) -> None:
        super().__init__(3, outputs, 8, stride=4)


class Pixels(nn.Module):
    """The way back from patches: (N, C, H/4, W/4) -> (N, 3, H + 4, W + 4) in [0, 1].

    Every pixel is the sum of four overlapping patches, as in a transposed 8×8 convolution of stride 4; a 2×2
    convolution and a shuffle compute that faster.
    """

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.spread = nn.Conv2d(inputs, 48, 2, padding=1, padding_mode="replicate")

    def forward(self, x: Tensor) -> Tensor:
        # The sigmoid is inside, where a graph runtime takes it into the convolution.
        return F.pixel_shuffle(torch.sigmoid(self.spread(x)), 4)


class Block(nn.Module):
    """A residual block: 3×3, modulated, 1×1."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mix = Conv(channels, channels)
        self.modulate = Modulate(channels)
        self.expand = Conv(channels, channels, 1)

    def forward(self, x: Tensor, style: StyleReader) -> Tensor:
        return x + self.expand(style(self.modulate, self.mix(x)))


class Transformer(FramePath):
    """The frame path; its patches overlap the frame's border, so frames come and go with a margin."""

    MARGIN: ClassVar[int] = 2

    def __init__(self, sizes: BriskSizes) -> None:
        super().__init__()
        quarter, eighth = sizes.quarter, sizes.eighth
        self.down4, self.at4 = Patches(quarter), Modulate(quarter)
        self.down8, self.at8 = Conv(quarter, eighth, stride=2), Modulate(eighth)
        self.blocks = nn.ModuleList(Block(eighth) for _ in range(sizes.blocks))
        self.up4, self.smooth4, self.back4 = Conv(eighth, 4 * quarter, 1), Conv(quarter, quarter), Modulate(quarter)
        self.out = Pixels(quarter)

    def forward(self, frames: Tensor, code: Tensor) -> Tensor:
        style = StyleReader(code)
        x4 = style(self.at4, self.down4(frames))  # (N, quarter, H/4, W/4)
        x = style(self.at8, self.down8(x4))  # (N, eighth, H/8, W/8)
        for block in self.blocks:
            x = block(x, style)
        x = F.pixel_shuffle(self.up4(x), 2) + x4  # (N, quarter, H/4, W/4)
        x = style(self.back4, self.smooth4(x))
        return self.out(x)  # (N, 3, H + 4, W + 4)


class Brisk(ConditionedNet):
    """brisk of the given sizes, untrained."""

    Sizes, Path = BriskSizes, Transformer
    LAYERS: ClassVar = {"quarter": "down4", "eighth": "down8"}
    LISTS: ClassVar = {"blocks": "blocks"}
