"""MicroAST: AdaIN with micro encoders and filters that the style modulates.

Source: Wang et al. 2023, "MicroAST: Towards Super-Fast Ultra-Resolution Arbitrary Style Transfer", sections 3.1–3.3;
tensor names and shapes of the published weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .moments import adain, mean_std
from .padding import crop, pad, pad_to_stride
from .protocol import StyleCode, StyleNet
from .weights import fill

__all__ = ["MicroAST"]

PARTS = ("content_encoder", "style_encoder", "modulator", "decoder")


class Conv(nn.Module):
    """A convolution with reflection padding that keeps the picture's size (before its stride)."""

    def __init__(self, inputs: int, outputs: int, size: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.conv_layer = nn.Conv2d(inputs, outputs, size, stride, groups=groups)
        self.padding = size // 2

    def forward(self, x: Tensor) -> Tensor:
        p = self.padding
        return self.conv_layer(pad(x, p, p, p, p) if p else x)


class Residual(nn.Module):
    """Two 3×3 convolutions and a skip; with modulation signals, each convolution is scaled and its input mixed in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = Conv(channels, channels, 3)
        self.conv2 = Conv(channels, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(F.relu(self.conv1(x)))

    def modulated(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        hidden = F.relu(weight * self.conv1(x) + bias * x)
        return x + weight * self.conv2(hidden) + bias * hidden


class Encoder(nn.Module):
    """Features at a quarter of the size, after each of two residual blocks."""

    def __init__(self, c1: int, c2: int, c3: int) -> None:
        super().__init__()
        self.enc1 = nn.Sequential(
            *(Conv(3, c1, 9), nn.ReLU(inplace=True)),
            *(Conv(c1, c2, 3, stride=2, groups=c1), nn.ReLU(inplace=True)),
            *(Conv(c2, c2, 1), nn.ReLU(inplace=True)),
            *(Conv(c2, c3, 3, stride=2, groups=c2), nn.ReLU(inplace=True)),
            *(Conv(c3, c3, 1), nn.ReLU(inplace=True)),
            Residual(c3),
        )
        self.enc2 = nn.Sequential(Residual(c3))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        first = self.enc1(x)  # (N, c3, H / 4, W / 4)
        return first, self.enc2(first)


class Modulator(nn.Module):
    """One weight and one bias per channel for each of the decoder's two residual blocks."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight1, self.bias1, self.weight2, self.bias2 = (
            nn.Sequential(Conv(channels, channels, 3, groups=channels), nn.AdaptiveAvgPool2d(1)) for _ in range(4)
        )


class Decoder(nn.Module):
    """Two modulated residual blocks, then the way back to full size."""

    def __init__(self, c1: int, c2: int, c3: int) -> None:
        super().__init__()
        self.dec1 = Residual(c3)
        self.dec2 = Residual(c3)
        self.dec3 = nn.Sequential(
            *(nn.Upsample(scale_factor=2, mode="bilinear"), Conv(c3, c2, 3, groups=c2), nn.ReLU(inplace=True)),
            *(Conv(c2, c2, 1), nn.ReLU(inplace=True)),
            *(nn.Upsample(scale_factor=2, mode="bilinear"), Conv(c2, c1, 3, groups=c1), nn.ReLU(inplace=True)),
            *(Conv(c1, c1, 1), nn.ReLU(inplace=True)),
            Conv(c1, 3, 9),
        )


class MicroAST(StyleNet):
    """The published MicroAST net.

    A style code holds, for the second and then the first tap of the style encoder, the mean and deviation that AdaIN
    gives and the weight and bias that modulate the block after it: eight tensors (1, C, 1, 1).
    Strength is AdaIN's alone, as published: at 0 the filters still carry the style.
    """

    stride: ClassVar[int] = 4

    def __init__(self, c1: int = 16, c2: int = 32, c3: int = 64) -> None:
        """Channels at full, half and quarter size."""
        super().__init__()
        self.content_encoder = Encoder(c1, c2, c3)
        self.style_encoder = Encoder(c1, c2, c3)
        self.modulator = Modulator(c3)
        self.decoder = Decoder(c1, c2, c3)

    def encode_style(self, image: Tensor | None = None) -> StyleCode:
        if image is None:
            raise ValueError("MicroAST needs a style image")
        first, second = self.style_encoder(image)
        m = self.modulator
        return (
            *(*mean_std(second), m.weight2(second), m.bias2(second)),
            *(*mean_std(first), m.weight1(first), m.bias1(first)),
        )

    def forward(self, frames: Tensor, code: StyleCode, strength: float = 1.0) -> Tensor:
        mean2, std2, weight2, bias2, mean1, std1, weight1, bias1 = code
        _, x = self.content_encoder(pad_to_stride(frames, self.stride))  # (N, c3, H / 4, W / 4)
        x = self.decoder.dec1.modulated(adain(x, mean2, std2, strength), weight2, bias2)
        x = self.decoder.dec2.modulated(adain(x, mean1, std1, strength), weight1, bias1)
        return crop(self.decoder.dec3(x), like=frames)

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Tensor]) -> MicroAST:
        """A net from "content_encoder.…", "style_encoder.…", "modulator.…" and "decoder.…".

        Other tensors (the training checkpoint carries a VGG) are left out. ValueError where these do not fit.
        """
        state = {key: value for key, value in state.items() if key.partition(".")[0] in PARTS}
        c1, c2, c3 = (state[f"content_encoder.enc1.{at}.conv_layer.weight"].shape[0] for at in (0, 4, 8))
        with torch.device("meta"):
            net = cls(c1, c2, c3)
        fill(net, state)
        return net
