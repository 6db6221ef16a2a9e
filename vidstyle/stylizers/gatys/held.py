"""What other paintings bring to a frame."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from vidstyle.temporal.chain import Chain
from vidstyle.temporal.raster import enlarged, moved, resized

__all__ = ["Held"]


@dataclass(frozen=True)
class Held:
    """A picture (1, 3, H, W), and trust (1, 1, H, W) in [0, 1]."""

    picture: Tensor
    trust: Tensor

    @classmethod
    def along(cls, chain: Chain, painted: Tensor, there: Tensor, here: Tensor) -> Held:
        """What a painting (1, 3, H, W) brings along a chain to it. there, here: luma (1, 1, h, w) of both contents."""
        size = (painted.shape[-2], painted.shape[-1])
        trust = chain.checked(here, there)
        return cls(moved(painted, enlarged(chain.flow, size)), resized(trust, size))
