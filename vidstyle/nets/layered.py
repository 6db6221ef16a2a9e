"""What a net tells of its layers, so that it can be made narrower, rounded, and run by a graph runtime.

None of this is about what the layers compute: which channels are the same ones is told by name (`ties`), and everything
else is read off the modules.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from .padding import crop, pad_to_stride
from .protocol import FixedStyleNet, StyleCode, StyleNet, blend

__all__ = ["Layered", "LayeredNet", "OneStyleNet"]


class Layered(nn.Module, ABC):
    """What works on every frame; a graph runtime may take its place."""

    margin: int = 0
    """Pixels around the frame, which it is given and hands back."""

    @property
    def code_size(self) -> int:
        """K, the numbers of a code; 0 where it takes none."""
        return 0

    @property
    @abstractmethod
    def ties(self) -> Mapping[str, tuple[str, str]]:
        """The groups that channels go from and to, by the beginning of a layer's name; "" for pixels and for channels
        that are to stay.

        Channels of one group are added to each other: they stay or go together.
        """

    @property
    @abstractmethod
    def rim(self) -> tuple[nn.Module, ...]:
        """The layers that see or make pixels."""

    @property
    def example(self) -> tuple[Tensor, ...]:
        """Inputs of the right shapes, for tracing."""
        side = 64 + 2 * self.margin
        frames = torch.rand(1, 3, side, side)
        return (frames, torch.ones(1, self.code_size)) if self.code_size else (frames,)

    def rounded_layers(self) -> dict[str, nn.Conv2d]:
        """The convolutions that can be computed in whole numbers, by name; their order is that of a net's `ranges`."""
        last = set(self.rim[-1].modules())
        return {
            name: layer for name, layer in self.named_modules() if isinstance(layer, nn.Conv2d) and layer not in last
        }


class LayeredNet(StyleNet):
    """A net whose path of a frame is `Layered`."""

    ranges: Tensor | None
    """Lowest and highest input of each rounded convolution, (L, 2), once `int8.calibrate` has seen them."""

    @property
    @abstractmethod
    def path(self) -> Layered:
        """What works on every frame."""

    @abstractmethod
    def painted_by(self, path: Callable[..., Tensor], frames: Tensor, code: StyleCode, strength: float) -> Tensor:
        """`forward` with the path or whatever runs it."""

    @classmethod
    @abstractmethod
    def from_state_dict(cls, state: Mapping[str, Tensor]) -> LayeredNet:
        """A net with the sizes that the tensors have. ValueError where they do not fit."""

    def expect_ranges(self, state: Mapping[str, Tensor]) -> None:
        """Make room for the ranges of a state dict, if it has any. ValueError where they make no sense."""
        if "ranges" not in state:
            return
        ranges = state["ranges"].float()
        fitting = ranges.shape == (len(self.path.rounded_layers()), 2)
        if not fitting or (ranges[:, 0] > 0).any() or (ranges[:, 1] <= 0).any():
            raise ValueError("its ranges for whole numbers make no sense")
        self.ranges = torch.empty_like(ranges, device="meta")


class OneStyleNet(FixedStyleNet, LayeredNet, Layered):
    """A net for one style or one domain, all of which works on every frame."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("ranges", None)

    @property
    def path(self) -> Layered:
        return self

    def painted_by(self, path: Callable[..., Tensor], frames: Tensor, code: StyleCode, strength: float) -> Tensor:
        painted = path(pad_to_stride(frames, self.stride, least=2))
        return blend(frames, crop(painted, like=frames), strength)
