"""atelier: an arbitrary-style network for quality, for files on a GPU.

Source: Johnson et al. 2016 (the shape, with fewer channels near full resolution); for the rest see conditioned.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from .conditioned import ConditionedNet, Conv, FramePath, Modulate, StyleReader, Up

__all__ = ["Atelier", "AtelierSizes"]


@dataclass(frozen=True)
class AtelierSizes:
    """Channels and depths of an atelier network."""

    full: int = 16
    """Channels at the frame's own size."""
    half: int = 32
    quarter: int = 96
    eighth: int = 160
    deep: int = 3
    """Residual blocks at 1/8 of the frame's size."""
    wide: int = 1
    """Residual blocks at 1/4."""
    trunk: tuple[int, ...] = (16, 32, 64, 128, 128)
    """Channels of the style encoder's trunk, by block."""
    embedding: int = 256


class Block(nn.Module):
    """A residual block: twice 3×3 and modulated."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1, self.modulate1 = Conv(channels, channels), Modulate(channels)
        self.conv2, self.modulate2 = Conv(channels, channels), Modulate(channels, relu=False)

    def forward(self, x: Tensor, style: StyleReader) -> Tensor:
        y = style(self.modulate1, self.conv1(x))
        return x + style(self.modulate2, self.conv2(y))


class Transformer(FramePath):
    """The frame path."""

    TIES: ClassVar = {
        "stem": ("", "full"),
        "at1": ("full", "full"),
        "down2": ("full", "half"),
        "at2": ("half", "half"),
        "down4": ("half", "quarter"),
        "at4": ("quarter", "quarter"),
        "down8": ("quarter", "eighth"),
        "at8": ("eighth", "eighth"),
        "deep.": ("eighth", "eighth"),
        "up4.narrow": ("eighth", "quarter"),
        "up4.": ("quarter", "quarter"),
        "wide.": ("quarter", "quarter"),
        "up2.narrow": ("quarter", "half"),
        "up2.": ("half", "half"),
        "up1.narrow": ("half", "full"),
        "up1.": ("full", "full"),
        "out": ("full", ""),
    }

    def __init__(self, sizes: AtelierSizes) -> None:
        super().__init__()
        full, half, quarter, eighth = sizes.full, sizes.half, sizes.quarter, sizes.eighth
        self.stem, self.at1 = Conv(3, full), Modulate(full)
        self.down2, self.at2 = Conv(full, half, stride=2), Modulate(half)
        self.down4, self.at4 = Conv(half, quarter, stride=2), Modulate(quarter)
        self.down8, self.at8 = Conv(quarter, eighth, stride=2), Modulate(eighth)
        self.deep = nn.ModuleList(Block(eighth) for _ in range(sizes.deep))
        self.up4 = Up(eighth, quarter)
        self.wide = nn.ModuleList(Block(quarter) for _ in range(sizes.wide))
        self.up2, self.up1 = Up(quarter, half), Up(half, full)
        self.out = Conv(full, 3)

    @property
    def rim(self) -> tuple[nn.Module, ...]:
        return self.stem, self.out

    def forward(self, frames: Tensor, code: Tensor) -> Tensor:
        first = self.stem(frames)
        style = StyleReader(code, first)
        x = style(self.at1, first)  # (N, full, H, W)
        x2 = style(self.at2, self.down2(x))  # (N, half, H/2, W/2)
        x4 = style(self.at4, self.down4(x2))  # (N, quarter, H/4, W/4)
        x = style(self.at8, self.down8(x4))  # (N, eighth, H/8, W/8)
        for block in self.deep:
            x = block(x, style)
        x = self.up4(x, style, x4)  # (N, quarter, H/4, W/4)
        for block in self.wide:
            x = block(x, style)
        x = self.up1(self.up2(x, style, x2), style)  # (N, full, H, W)
        return torch.sigmoid(self.out(x))


class Atelier(ConditionedNet):
    """atelier of the given sizes, untrained."""

    Sizes, Path = AtelierSizes, Transformer
    stride: ClassVar[int] = 8
    LAYERS: ClassVar = {"full": "stem", "half": "down2", "quarter": "down4", "eighth": "down8"}
    LISTS: ClassVar = {"deep": "deep", "wide": "wide"}
