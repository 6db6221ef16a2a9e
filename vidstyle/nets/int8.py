"""Nets in whole numbers of 8 bits, which CPUs multiply several times as fast as floating-point ones.

What goes into a convolution is rounded to 256 values over a range that was seen in calibration, and its weights to 127
values for each output. Weights have 7 bits, for on CPUs without dot products of 8 bits (VNNI) the sum of two products
of 8 must fit 16. Normalisations, and the layer that makes pixels, stay in floating point. In PyTorch this only computes
what would come out; a graph runtime that knows such roundings takes them into its kernels.

Source: Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
Inference".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import partial

import torch
from torch import Tensor, nn

from .layered import LayeredNet
from .protocol import StyleNet

__all__ = ["Rounded", "calibrate", "rounded"]

LARGEST = 63
"""Of the whole numbers that weights become."""
RARE = 0.05
"""Share of the pictures, at either end, whose extremes need not be held."""


class Rounded(nn.Module):
    """A convolution whose inputs and weights are rounded."""

    steps: Tensor
    zeros: Tensor

    def __init__(self, conv: nn.Conv2d, lowest: float, highest: float) -> None:
        """lowest, highest: of the inputs; the first is not above 0, the second above 0."""
        super().__init__()
        self.conv = conv
        self.step = (highest - lowest) / 255
        self.zero = min(255, max(0, round(-lowest / self.step)))
        self.register_buffer("steps", conv.weight.detach().abs().amax((1, 2, 3)).clamp_min(1e-12) / LARGEST)
        self.register_buffer("zeros", torch.zeros(conv.out_channels, dtype=torch.int32))

    def forward(self, x: Tensor) -> Tensor:
        x = torch.fake_quantize_per_tensor_affine(x, self.step, self.zero, 0, 255)
        weight = torch.fake_quantize_per_channel_affine(self.conv.weight, self.steps, self.zeros, 0, -LARGEST, LARGEST)
        return self.conv._conv_forward(x, weight, self.conv.bias)


@torch.no_grad()
def calibrate(net: LayeredNet, pairs: Iterable[tuple[Tensor, Tensor | None]]) -> None:
    """Give a net its `ranges`: of what its convolutions see in contents (1, 3, H, W) painted in styles (1, 3, h, w).

    Nets for one style take none.
    """
    layers = net.path.rounded_layers()
    seen: dict[str, list[tuple[Tensor, Tensor]]] = {name: [] for name in layers}
    with _watched(layers, seen):
        for content, style in pairs:
            net(content, net.encode_style(style))
    ranges = []
    for extremes in seen.values():
        lowest, highest = (torch.stack(ends).float().cpu() for ends in zip(*extremes, strict=True))
        ranges.append(torch.stack([lowest.quantile(RARE).clamp_max(0), highest.quantile(1 - RARE).clamp_min(1e-6)]))
    where = next(net.parameters()).device
    net.ranges = torch.stack(ranges).to(where)


@contextmanager
def _watched(layers: dict[str, nn.Conv2d], seen: dict[str, list[tuple[Tensor, Tensor]]]) -> Iterator[None]:
    def note(name: str, layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        seen[name].append((inputs[0].amin(), inputs[0].amax()))

    hooks = [layer.register_forward_pre_hook(partial(note, name)) for name, layer in layers.items()]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def rounded(net: StyleNet) -> LayeredNet:
    """A copy of a net that was calibrated, in float32, its path rounded. ValueError where it was not."""
    if not isinstance(net, LayeredNet) or net.ranges is None:
        raise ValueError("the net was not calibrated for 8 bits")
    net = deepcopy(net).float()
    ranges = net.ranges
    assert ranges is not None
    for (name, layer), (lowest, highest) in zip(net.path.rounded_layers().items(), ranges.tolist(), strict=True):
        parent, _, last = name.rpartition(".")
        net.path.get_submodule(parent).add_module(last, Rounded(layer, lowest, highest))
    return net
