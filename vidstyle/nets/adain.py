"""AdaIN: arbitrary style transfer in one pass.

A normalised VGG-19 encodes to relu4_1, the channel means and deviations of the content become those of the style,
and a mirrored decoder turns the features back into a picture.

Source: Huang & Belongie 2017, "Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization";
the layout of naoto0804's PyTorch port.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from .moments import adain, mean_std
from .padding import Pad, crop, pad_to_stride
from .protocol import StyleCode, StyleNet
from .vgg import VGG
from .weights import fill, part

__all__ = ["AdaIN"]

TAP = "relu4_1"
# The published decoder: the position of each convolution, and whether the picture doubles after its ReLU.
DECODER = {1: True, 5: False, 8: False, 11: False, 14: True, 18: False, 21: True, 25: False, 28: False}


class AdaIN(StyleNet):
    """The published AdaIN net; a style code is the mean and deviation of the style's relu4_1, (1, C, 1, 1) each."""

    stride: ClassVar[int] = 8

    def __init__(self, encoder: VGG, widths: Mapping[int, tuple[int, int]]) -> None:
        """`widths` gives the channels in and out of each of the decoder's convolutions, by position."""
        super().__init__()
        self.encoder = encoder
        layers: list[nn.Module] = []
        for at, doubles in DECODER.items():
            layers += [Pad(1), nn.Conv2d(*widths[at], 3), nn.ReLU(inplace=True)]
            if doubles:
                layers.append(nn.Upsample(scale_factor=2, mode="nearest"))
        self.decoder = nn.Sequential(*layers[:-1])  # no ReLU on the picture

    def encode_style(self, image: Tensor | None = None) -> StyleCode:
        if image is None:
            raise ValueError("AdaIN needs a style image")
        return mean_std(self.encoder(image, taps=(TAP,))[TAP])

    def forward(self, frames: Tensor, code: StyleCode, strength: float = 1.0) -> Tensor:
        features = self.encoder(pad_to_stride(frames, self.stride), taps=(TAP,))[TAP]  # (N, C, H / 8, W / 8)
        mean, std = code
        return crop(self.decoder(adain(features, mean, std, strength)), like=frames)

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Tensor]) -> AdaIN:
        """A net from "encoder.…" (any layout that VGG takes) and "decoder.…". ValueError where they do not fit."""
        decoder = part(state, "decoder")
        try:
            shapes = {at: decoder[f"{at}.weight"].shape for at in DECODER}
        except KeyError as error:
            raise ValueError(f"it has no tensor decoder.{error.args[0]}") from None
        encoder = VGG.from_state_dict(part(state, "encoder"), upto=TAP)
        with torch.device("meta"):
            net = cls(encoder, {at: (shape[1], shape[0]) for at, shape in shapes.items()})
        fill(net.decoder, decoder)
        return net
