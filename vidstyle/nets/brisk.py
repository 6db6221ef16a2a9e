"""brisk: an arbitrary-style network light enough for live use on a CPU.

Most of the work is at 1/8 and 1/16 of the frame's size, and nothing is at full resolution.

Source: Shi et al. 2016 (sub-pixel convolution); for the rest see conditioned.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .attention import SelfAttention
from .conditioned import ConditionedNet, Conv, FramePath, Modulate, StyleReader, Up

__all__ = ["Brisk", "BriskSizes"]

CELL = 2
"""Pixels on a side of the cells in which frames come and go."""


@dataclass(frozen=True)
class BriskSizes:
    """Channels and depths of a brisk network."""

    half: int = 16
    """Channels at 1/2 of the frame's size."""
    quarter: int = 32
    """Channels at 1/4 of the frame's size."""
    eighth: int = 96
    """Channels at 1/8."""
    blocks: int = 1
    """Residual blocks at 1/8."""
    sixteenth: int = 112
    """Channels at 1/16, where a block is cheapest and sees farthest."""
    deep: int = 2
    """Residual blocks at 1/16."""
    trunk: tuple[int, ...] = (16, 32, 64, 128, 128)
    """Channels of the style encoder's trunk, by block."""
    embedding: int = 320
    attend: int = 0
    """Layers of self-attention at 1/16."""


class Patches(nn.Conv2d):
    """Overlapping patches, one per cell of c×c pixels, twice as wide: (N, 3, H + c, W + c) -> (N, C, H/c, W/c)."""

    def __init__(self, outputs: int) -> None:
        super().__init__(3, outputs, 2 * CELL, stride=CELL)


class Pixels(nn.Module):
    """The way back from patches: (N, C, H/c, W/c) -> (N, 3, H + c, W + c) in [0, 1].

    Every pixel is the sum of four overlapping patches, as in a transposed convolution of stride c; a 2×2
    convolution and a shuffle compute that faster. Patches of equal features add up to an even colour: the part of the
    weights that could paint a grid is taken away.
    """

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.spread = nn.Conv2d(inputs, 3 * CELL**2, 2, bias=False)
        self.colour = nn.Parameter(torch.zeros(3))

    def kernel(self) -> Tensor:
        """(3·c², C, 2, 2): the weights, with equal sums for all pixels of a cell."""
        cells = self.spread.weight.unflatten(0, (3, CELL**2))  # (3, c², C, 2, 2)
        sums = cells.sum(dim=(3, 4), keepdim=True)
        return (cells - (sums - sums.mean(dim=1, keepdim=True)) / 4).flatten(0, 1)

    def forward(self, x: Tensor) -> Tensor:
        edges = F.pad(x, (1, 1, 1, 1), mode="replicate")
        x = F.conv2d(edges, self.kernel(), self.colour.repeat_interleave(CELL**2))
        # The sigmoid is inside, where a graph runtime takes it into the convolution.
        return F.pixel_shuffle(torch.sigmoid(x), CELL)


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

    TIES: ClassVar = {
        "down2": ("", "half"),
        "at2": ("half", "half"),
        "down4": ("half", "quarter"),
        "at4": ("quarter", "quarter"),
        "down8": ("quarter", "eighth"),
        "at8": ("eighth", "eighth"),
        "down16": ("eighth", "sixteenth"),
        "at16": ("sixteenth", "sixteenth"),
        "deep.": ("sixteenth", "sixteenth"),
        "attend.*.into": ("sixteenth", ""),
        "attend.*.out": ("", "sixteenth"),
        "up8": ("sixteenth", "eighth"),
        "blocks.": ("eighth", "eighth"),
        "up4.narrow": ("eighth", "quarter"),
        "up4.": ("quarter", "quarter"),
        "up2.narrow": ("quarter", "half"),
        "up2.": ("half", "half"),
        "out": ("half", ""),
    }

    def __init__(self, sizes: BriskSizes) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth = sizes.half, sizes.quarter, sizes.eighth, sizes.sixteenth
        self.margin = CELL // 2
        self.down2, self.at2 = Patches(half), Modulate(half)
        self.down4, self.at4 = Conv(half, quarter, stride=2), Modulate(quarter)
        self.down8, self.at8 = Conv(quarter, eighth, stride=2), Modulate(eighth)
        self.down16, self.at16 = Conv(eighth, sixteenth, stride=2), Modulate(sixteenth)
        self.deep = nn.ModuleList(Block(sixteenth) for _ in range(sizes.deep))
        self.attend = nn.ModuleList(SelfAttention(sixteenth) for _ in range(sizes.attend))
        self.up8 = Conv(sixteenth, eighth, 1)
        self.blocks = nn.ModuleList(Block(eighth) for _ in range(sizes.blocks))
        self.up4 = Up(eighth, quarter)
        self.up2 = Up(quarter, half)
        self.out = Pixels(half)

    @property
    def rim(self) -> tuple[nn.Module, ...]:
        return self.down2, self.out

    def forward(self, frames: Tensor, code: Tensor) -> Tensor:
        first = self.down2(frames)
        style = StyleReader(code, first)
        x2 = style(self.at2, first)  # (N, half, H/2, W/2)
        x4 = style(self.at4, self.down4(x2))  # (N, quarter, H/4, W/4)
        x8 = style(self.at8, self.down8(x4))  # (N, eighth, H/8, W/8)
        x = style(self.at16, self.down16(x8))  # (N, sixteenth, H/16, W/16)
        for block in self.deep:
            x = block(x, style)
        for layer in self.attend:
            x = layer(x)
        x = x8 + F.interpolate(self.up8(x), scale_factor=2, mode="bilinear", align_corners=False)
        for block in self.blocks:
            x = block(x, style)
        x = self.up4(x, style, x4)  # (N, quarter, H/4, W/4)
        x = self.up2(x, style, x2)  # (N, half, H/2, W/2)
        return self.out(x)  # (N, 3, H + c, W + c)


class Brisk(ConditionedNet):
    """brisk of the given sizes, untrained."""

    Sizes, Path = BriskSizes, Transformer
    stride: ClassVar[int] = 16
    LAYERS: ClassVar = {"half": "down2", "quarter": "down4", "eighth": "down8", "sixteenth": "down16"}
    LISTS: ClassVar = {"blocks": "blocks", "deep": "deep", "attend": "attend"}
