"""What runs a net: one protocol, one file per runtime."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from vidstyle.nets.protocol import StyleCode

__all__ = ["Engine"]


class Engine(Protocol):
    """Runs one net on one device."""

    name: str
    precision: str
    """What it computes in: fp32, fp16, bf16 or int8."""

    def __call__(self, frames: Tensor, code: StyleCode, strength: float) -> Tensor:
        """frames (N, 3, H, W) in [0, 1], any size, on the engine's device -> painted, same shape, not clamped.

        The result is the caller's to keep and to change. Frames whose channels are last in memory cost least.
        """
        ...
