"""What every net that paints frames has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

__all__ = ["FixedStyleNet", "StyleCode", "StyleNet", "blend", "mix"]

StyleCode = tuple[Tensor, ...]
"""What a net predicts once per style. Codes of one net mix linearly, tensor by tensor; see `mix`."""


class StyleNet(nn.Module, ABC):
    """A feed-forward style network.

    `stride`: the sides of a frame must be multiples of this inside the net; `forward` pads and crops by itself.
    `fixed_style`: the style is in the weights; `encode_style` needs no image and returns ().
    """

    stride: ClassVar[int] = 1
    fixed_style: ClassVar[bool] = False
    styles: int = 0
    """Styles of its own, which are told by number; it takes no pictures then."""

    def numbered(self, number: int) -> StyleCode:
        """The code of one of its own styles, from 0 on."""
        raise ValueError("the net has no styles of its own")

    @property
    def least_side(self) -> int:
        """Pixels of a side from which on a frame is padded alike, however large it is: what a graph asks for."""
        return 2 * max(self.stride, 8)

    @abstractmethod
    def encode_style(self, image: Tensor | None = None) -> StyleCode:
        """The code of a style image (1, 3, h, w) in [0, 1]."""

    @abstractmethod
    def forward(self, frames: Tensor, code: StyleCode, strength: float = 1.0) -> Tensor:
        """Frames painted in a style.

        frames: (N, 3, H, W) in [0, 1]. Returns the same shape in the same units, not clamped.
        strength: 0 (the content) to 1 (the full style); the paper's alpha where it has one, a blend of pixels else.
        """


class FixedStyleNet(StyleNet):
    """A style network for one style, which is in its weights."""

    fixed_style: ClassVar[bool] = True

    def encode_style(self, image: Tensor | None = None) -> StyleCode:
        return ()

    @abstractmethod
    def paint(self, frames: Tensor) -> Tensor:
        """Frames (N, 3, H, W) in [0, 1] at full strength, any size."""

    def forward(self, frames: Tensor, code: StyleCode = (), strength: float = 1.0) -> Tensor:
        return blend(frames, self.paint(frames), strength)


def blend(content: Tensor, painted: Tensor, strength: float) -> Tensor:
    """The painting laid over the content: `strength` 1 is the painting itself."""
    return painted if strength == 1 else torch.lerp(content, painted, strength)


def mix(codes: Sequence[StyleCode], weights: Sequence[float]) -> StyleCode:
    """The weighted sum of codes of one net, tensor by tensor; the weights should sum to one."""
    if not codes or len(codes) != len(weights):
        raise ValueError(f"{len(codes)} codes and {len(weights)} weights")
    return tuple(
        torch.stack([weight * tensor for weight, tensor in zip(weights, tensors, strict=True)]).sum(0)
        for tensors in zip(*codes, strict=True)
    )
