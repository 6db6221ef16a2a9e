"""What every way of stylizing has in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from vidstyle.nets import protocol as nets
from vidstyle.styles import Style
from vidstyle.temporal.memory import ClipMemory

__all__ = ["StyleCode", "Stylizer"]


@dataclass(frozen=True)
class StyleCode:
    """A style, ready to be used: what the net predicted for it, and how it acts."""

    tensors: nets.StyleCode
    strength: float = 1.0
    keep_color: bool = False


class Stylizer(Protocol):
    """Turns frames and a style into frames."""

    def encode_style(self, style: Style) -> StyleCode:
        """Once per style; the result may be kept as long as the stylizer."""
        ...

    def __call__(
        self, frames: Tensor, code: StyleCode, memory: ClipMemory | None = None, index: int | None = None
    ) -> Tensor:
        """frames (N, 3, H, W) in [0, 1] -> the same shape, clamped to [0, 1]; see `feedforward` on `memory`."""
        ...
