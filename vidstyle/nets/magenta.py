"""Magenta's net of many styles: one set of kernels, and for every style scales and shifts of the normalisations.

Source: Dumoulin, Shlens, Kudlur 2017, "A Learned Representation for Artistic Style" (conditional instance
normalisation, equation 5); layout of Magenta's published weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .padding import crop, pad, pad_to_stride
from .protocol import StyleCode, StyleNet, blend
from .statistics import instance_norm
from .weights import fill

__all__ = ["Magenta", "layers"]


def layers(channels: tuple[int, int, int] = (32, 64, 128), blocks: int = 5) -> dict[str, tuple[int, int, int]]:
    """Channels in, channels out and side of every kernel, by name, in the order in which they run."""
    full, half, quarter = channels
    return {
        "contract.conv1": (3, full, 9),
        "contract.conv2": (full, half, 3),
        "contract.conv3": (half, quarter, 3),
        **{f"residual.residual{i}.conv{j}": (quarter, quarter, 3) for i in range(1, blocks + 1) for j in (1, 2)},
        "expand.conv1": (quarter, half, 3),
        "expand.conv2": (half, full, 3),
        "expand.conv3": (full, 3, 9),
    }


class Layer(nn.Module):
    """A convolution without bias, with reflection padding; and the scales and shifts (S, C) of S styles."""

    def __init__(self, inputs: int, outputs: int, side: int, styles: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs, side, side))
        nn.init.kaiming_normal_(self.weight)
        self.gamma = nn.Parameter(torch.ones(styles, outputs))
        self.beta = nn.Parameter(torch.zeros(styles, outputs))

    def forward(self, x: Tensor, stride: int = 1) -> Tensor:
        # As TensorFlow pads for a kernel of that side, whatever the stride.
        amount = self.weight.shape[-1] // 2
        return F.conv2d(pad(x, amount, amount, amount, amount), self.weight, stride=stride)


class Magenta(StyleNet):
    """A code is the scales, then the shifts, of all layers, (1, 2·ΣC); styles are told by number."""

    stride: ClassVar[int] = 4

    def __init__(self, channels: tuple[int, int, int] = (32, 64, 128), blocks: int = 5, styles: int = 32) -> None:
        """Channels at full, half and quarter size; number of residual blocks and of styles."""
        super().__init__()
        self.blocks, self.styles = blocks, styles
        self.layers = layers(channels, blocks)
        for name, sizes in self.layers.items():
            self.add_module(name.replace(".", "_"), Layer(*sizes, styles))

    def _layer(self, name: str) -> Layer:
        layer = getattr(self, name.replace(".", "_"))
        assert isinstance(layer, Layer)
        return layer

    def encode_style(self, image: Tensor | None = None) -> StyleCode:
        raise ValueError("the net has styles of its own, told by number")

    def numbered(self, number: int) -> StyleCode:
        own = [self._layer(name) for name in self.layers]
        rows = [layer.gamma[number] for layer in own] + [layer.beta[number] for layer in own]
        return (torch.cat(rows)[None],)

    def forward(self, frames: Tensor, code: StyleCode, strength: float = 1.0) -> Tensor:
        scales, shifts = code[0].chunk(2, dim=1)
        widths = [outputs for _, outputs, _ in self.layers.values()]
        acts = dict(zip(self.layers, zip(scales.split(widths, 1), shifts.split(widths, 1), strict=True), strict=True))

        def run(name: str, x: Tensor, stride: int = 1) -> Tensor:
            scale, shift = (tensor[..., None, None] for tensor in acts[name])
            return instance_norm(self._layer(name)(x, stride)) * scale + shift

        x = pad_to_stride(frames, self.stride, least=2)
        x = F.relu(run("contract.conv1", x))
        x = F.relu(run("contract.conv2", x, 2))
        x = F.relu(run("contract.conv3", x, 2))  # (N, C, H / 4, W / 4)
        for i in range(1, self.blocks + 1):
            x = x + run(f"residual.residual{i}.conv2", F.relu(run(f"residual.residual{i}.conv1", x)))
        for name in ("expand.conv1", "expand.conv2"):
            x = F.relu(run(name, F.interpolate(x, scale_factor=2.0, mode="nearest")))
        x = torch.sigmoid(run("expand.conv3", x))
        return blend(frames, crop(x, like=frames), strength)

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Tensor]) -> Magenta:
        """A net of the sizes that the tensors have. ValueError where they do not fit."""
        full, half, quarter = (state[f"contract_conv{i}.weight"].shape[0] for i in (1, 2, 3))
        blocks = sum(key.startswith("residual_") and key.endswith("conv1.weight") for key in state)
        with torch.device("meta"):
            net = cls((full, half, quarter), blocks, state["contract_conv1.gamma"].shape[0])
        fill(net, state)
        return net
