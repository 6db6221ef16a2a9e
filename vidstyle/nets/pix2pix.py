"""The U-Net of pix2pix, which CycleGAN's published code trains too: from one domain of pictures to another.

Source: Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks", section 3.2 and appendix
6.1; tensor names of junyanz/pytorch-CycleGAN-and-pix2pix (unet_128, unet_256).
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .padding import crop, pad_to_stride
from .protocol import FixedStyleNet
from .statistics import InstanceNorm, instance_norm
from .weights import fill

__all__ = ["Pix2Pix"]

SHALLOWEST, DEEPEST = 5, 9
"""Halvings; unet_128 has 7, unet_256 has 8. A frame is padded to a multiple of two to that power."""
WIDEST = 1024

Norm = Callable[[int], nn.Module]


class BatchNorm(nn.Module):
    """A batch norm with a frame's own statistics, as Isola et al. test: in training mode, one picture at a time.

    The running ones are kept, for `Pix2Pix.running`.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))
        self.running = False

    def forward(self, x: Tensor) -> Tensor:
        if self.running:
            return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias)
        return instance_norm(x, self.weight, self.bias)


NORMS: dict[str, Norm] = {
    "batch": BatchNorm,
    "instance": InstanceNorm,
    "affine": lambda channels: InstanceNorm(channels, affine=True),
}


class Level(nn.Module):
    """Halves what it gets, doubles what is made of that below, and hands on both: (N, c, h, w) -> (N, 2 c, h, w)."""

    def __init__(self, outer: int, inner: int, below: Level | None, norm: Norm, bias: bool) -> None:
        super().__init__()
        # The innermost has nothing to normalise: a picture of the least size is a single cell there.
        middle = [] if below is None else [norm(inner), below]
        self.model = nn.Sequential(
            *(nn.LeakyReLU(0.2), nn.Conv2d(outer, inner, 4, 2, 1, bias=bias), *middle),
            *(nn.ReLU(), nn.ConvTranspose2d(inner * (2 if middle else 1), outer, 4, 2, 1, bias=bias), norm(outer)),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.model(x)], 1)


class Pix2Pix(FixedStyleNet):
    """The U-Net generator. The weights work on [−1, 1]; `paint` takes and gives [0, 1].

    Some published nets were trained with dropout, which has no weights. Isola et al. leave it on when they test; here
    it is off, for it would flicker.
    """

    def __init__(self, width: int = 64, depth: int = 8, norm: str = "batch", bias: bool = False) -> None:
        """width: channels at half size; they double with each halving, up to eight times. norm: batch, instance, or
        affine for instance norms with weights. bias: of all convolutions; the last has one in any case."""
        super().__init__()
        self.depth = depth
        widths = [width * min(2**level, 8) for level in range(depth)]
        level = None
        for outer, inner in reversed(list(itertools.pairwise(widths))):
            level = Level(outer, inner, level, NORMS[norm], bias)
        assert level is not None
        whole = nn.Sequential(
            *(nn.Conv2d(3, width, 4, 2, 1, bias=bias), level),
            *(nn.ReLU(), nn.ConvTranspose2d(2 * width, 3, 4, 2, 1), nn.Tanh()),
        )
        self.model = nn.Sequential(OrderedDict(model=whole))

    @property
    def least_side(self) -> int:
        return 2**self.depth

    def running(self, use: bool = True) -> None:
        """Let batch norms take the statistics of the pictures that the net was trained on, or a frame's own again."""
        for module in self.modules():
            if isinstance(module, BatchNorm):
                module.running = use

    def paint(self, frames: Tensor) -> Tensor:
        painted = self.model(pad_to_stride(frames, 2**self.depth) * 2 - 1)
        return (crop(painted, like=frames) + 1) / 2

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Tensor]) -> Pix2Pix:
        """A net of the sizes and norms of a published state dict. ValueError where its tensors do not fit."""
        given, made = state["model.model.0.weight"].shape[1], state["model.model.3.weight"].shape[1]
        if (given, made) != (3, 3):
            raise ValueError(f"it makes {made} channels of {given}; only U-Nets from colour to colour can be loaded")
        level, depth = "model.model.1.model", 2
        while f"{level}.5.weight" in state:
            level, depth = f"{level}.3.model", depth + 1
        if not SHALLOWEST <= depth <= DEEPEST:
            raise ValueError(f"it halves the picture {depth} times, not {SHALLOWEST} to {DEEPEST}")
        width = state["model.model.0.weight"].shape[0]
        if not 1 <= width <= WIDEST:
            raise ValueError(f"it has {width} channels at half size, not 1 to {WIDEST}")
        first, bias = "model.model.1.model.2", "model.model.0.bias" in state
        norm = "instance"
        if f"{first}.weight" in state:
            norm = "batch" if f"{first}.running_var" in state else "affine"
        elif not bias:
            raise ValueError("it has neither norms nor biases; only U-Nets with batch or instance norms can be loaded")
        with torch.device("meta"):
            net = cls(width, depth, norm, bias)
        fill(net, state)
        return net
