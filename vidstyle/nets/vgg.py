"""VGG-19 as a feature extractor: AdaIN's encoder and the perceptual losses' trunk.

Convolutions are named as in the paper (conv1_1 … conv5_4) and followed by a ReLU; a 2×2 max-pooling stands before
conv2_1, 3_1, 4_1 and 5_1. `conv0` (1×1) turns RGB in [0, 1] into what the weights were trained on. Padding is by
reflection, as in AdaIN and unlike the original classifier.

Widths and depth are read off the weights, so exact and distilled (thin) nets load into one class. A distilled net has
`convK_1.project` (1×1), which lifts its features to the width of the exact net; the tap is what the projection gives.

Sources: Simonyan & Zisserman 2015 (VGG); Gatys et al. 2016 (normalised VGG); Huang & Belongie 2017 (AdaIN);
Wang et al. 2020 (collaborative distillation).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .padding import pad
from .weights import fill

__all__ = ["LAYERS", "VGG", "WIDTHS", "vgg_names"]

LAYERS = tuple(f"{block}_{i}" for block, depth in enumerate((2, 2, 4, 4, 4), 1) for i in range(1, depth + 1))

WIDTHS = (64, 128, 256, 512, 512)
"""Channels of VGG-19's five blocks."""

# Positions of conv1_1 … conv5_4 in two published nn.Sequentials: AdaIN's vgg_normalised (a padding module before each
# convolution, conv0 at 0) and torchvision's vgg19.features.
NORMALISED_AT = (2, 5, 9, 12, 16, 19, 22, 25, 29, 32, 35, 38, 42, 45, 48, 51)
TORCHVISION_AT = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)


class Conv(nn.Conv2d):
    """A 3×3 convolution with reflection padding that carries its distilled projection, if it has one."""

    project: nn.Conv2d | None

    def __init__(self, inputs: int, outputs: int, projected: int | None) -> None:
        super().__init__(inputs, outputs, 3)
        self.project = nn.Conv2d(outputs, projected, 1) if projected else None

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(super().forward(pad(x, 1, 1, 1, 1)))

    def tap(self, features: Tensor) -> Tensor:
        return features if self.project is None else F.relu(self.project(features))


class VGG(nn.Module):
    """VGG-19 up to any layer, of any width.

    `widths` maps "1_1", "1_2", … (in order) to (channels in, channels out, channels projected to or None).
    """

    def __init__(self, widths: Mapping[str, tuple[int, int, int | None]]) -> None:
        super().__init__()
        self.conv0 = nn.Conv2d(3, 3, 1)
        self.layers = tuple(widths)
        for layer, sizes in widths.items():
            self.add_module(f"conv{layer}", Conv(*sizes))

    @classmethod
    def slim(cls, channels: Sequence[int], lifted: bool) -> VGG:
        """An untrained VGG up to relu5_1 with so many channels in each of the five blocks.

        lifted: whether its taps are projected to the widths of VGG-19.
        """
        widths: dict[str, tuple[int, int, int | None]] = {}
        inputs = 3
        for layer in LAYERS[: LAYERS.index("5_1") + 1]:
            block = int(layer[0]) - 1
            projected = WIDTHS[block] if lifted and layer.endswith("_1") else None
            widths[layer] = (inputs, channels[block], projected)
            inputs = channels[block]
        return cls(widths)

    @property
    def taps(self) -> tuple[str, ...]:
        """The first ReLU of every block, as far as the net goes: ("relu1_1", "relu2_1", …)."""
        return tuple(f"relu{layer}" for layer in self.layers if layer.endswith("_1"))

    def channels(self, tap: str) -> int:
        """Of the features at a tap."""
        conv: Conv = getattr(self, f"conv{tap.removeprefix('relu')}")
        return conv.out_channels if conv.project is None else conv.project.out_channels

    def forward(self, x: Tensor, upto: str | None = None, taps: Iterable[str] | None = None) -> dict[str, Tensor]:
        """Features of RGB pictures.

        x: (N, 3, H, W) in [0, 1]. Returns {tap: (N, C, ceil(H / 2ᵏ), ceil(W / 2ᵏ))}, k = 0 at block 1.
        `taps` names the layers to return (any ReLU: "relu4_2"; default: `self.taps` as far as `upto`).
        The net runs no further than the deepest one. ValueError for a layer that the net does not have.
        """
        if taps is None:
            last = self._depth(upto) if upto else len(self.layers)
            taps = tuple(tap for tap in self.taps if self._depth(tap) <= last)
        wanted = set(taps)
        deepest = max(map(self._depth, wanted), default=0)
        features: dict[str, Tensor] = {}
        x = self.conv0(x)
        for layer in self.layers[:deepest]:
            if layer.endswith("_1") and layer != "1_1":
                # ceil_mode keeps the last column of an odd side, as the published encoder does.
                x = F.max_pool2d(x, 2, ceil_mode=True)
            conv: Conv = getattr(self, f"conv{layer}")
            x = conv(x)  # (N, C, H / 2ᵏ, W / 2ᵏ)
            if f"relu{layer}" in wanted:
                features[f"relu{layer}"] = conv.tap(x)
        return features

    def _depth(self, tap: str) -> int:
        layer = tap.removeprefix("relu")
        if layer not in self.layers:
            raise ValueError(f"this VGG has no {tap}; it has relu{', relu'.join(self.layers)}")
        return self.layers.index(layer) + 1

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Tensor], upto: str | None = None) -> VGG:
        """A VGG with the widths, depth and projections that `state` has, cut after `upto` where that is given.

        Takes the names convK_J, AdaIN's published numbering and torchvision's; see `vgg_names`.
        ValueError where the tensors are not a VGG's.
        """
        state = vgg_names(state)
        widths: dict[str, tuple[int, int, int | None]] = {}
        for layer in LAYERS:
            weight = state.get(f"conv{layer}.weight")
            if weight is None:
                break
            project = state.get(f"conv{layer}.project.weight")
            widths[layer] = (weight.shape[1], weight.shape[0], None if project is None else project.shape[0])
            if upto == f"relu{layer}":
                break
        if not widths or (upto and f"relu{list(widths)[-1]}" != upto):
            raise ValueError(f"not VGG-19 weights up to {upto or 'relu1_1'}")
        with torch.device("meta"):
            net = cls(widths)
        # Layers after `upto` and projections that no layer has are not this net's.
        fill(net, {key: value for key, value in state.items() if key in net.state_dict()})
        return net


def vgg_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """`state` with the names conv0, conv1_1 … and with a conv0, whichever published layout it came in.

    Known: convK_J itself (without a conv0: Caffe's weights, BGR · 255 − mean), AdaIN's vgg_normalised
    ("0.weight", "2.weight", …) and torchvision's ("features.0.weight", …, or without the prefix).
    """
    if any(key.startswith("conv") for key in state):
        caffe_mean = torch.tensor([103.939, 116.779, 123.68])
        swap = 255.0 * torch.eye(3).flip(0)
        return {"conv0.weight": swap[..., None, None], "conv0.bias": -caffe_mean, **state}
    state = {key.removeprefix("features."): value for key, value in state.items()}
    first = state.get("0.weight")
    if first is not None and tuple(first.shape) == (3, 3, 1, 1):
        renamed = {"0": "conv0", **{str(at): f"conv{layer}" for at, layer in zip(NORMALISED_AT, LAYERS, strict=True)}}
        return _rename(state, renamed)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    conv0 = {"conv0.weight": torch.diag(1 / std)[..., None, None], "conv0.bias": -mean / std}
    return conv0 | _rename(state, {str(at): f"conv{layer}" for at, layer in zip(TORCHVISION_AT, LAYERS, strict=True)})


def _rename(state: Mapping[str, Tensor], modules: Mapping[str, str]) -> dict[str, Tensor]:
    renamed = {}
    for key, value in state.items():
        module, _, kind = key.rpartition(".")
        if module in modules:
            renamed[f"{modules[module]}.{kind}"] = value
    return renamed
