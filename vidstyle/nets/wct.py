"""WCT: whitening and colouring, level by level from deep to shallow; nothing was trained for style.

At each level the content's features lose their covariance and get the style's; a decoder, trained to invert the
encoder, makes a picture of them, which the next level begins with.

Source: Li et al. 2017, "Universal Style Transfer via Feature Transforms" (equations 1 to 3; levels as in section 3.3);
tensor names of the published weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from .padding import Pad, crop, pad_to_stride
from .protocol import StyleCode, StyleNet
from .statistics import whole
from .vgg import VGG
from .weights import fill, part

__all__ = ["WCT", "coloured", "moments"]

FLAT = 1e-5
"""Variance, over the largest of the features' variances, that is taken for none: it is not made larger."""
ROUNDING = 1e-10
"""Variance, over the features' mean square, that rounding alone may make."""


class WCT(StyleNet):
    """The published net, of as many levels as there are decoders.

    A style code is the mean (1, C) and covariance (1, C, C) of the style's features at each level, shallow ones first.
    """

    def __init__(self, encoder: VGG, decoders: Mapping[int, nn.Sequential]) -> None:
        """decoders: by level k, from features at reluk_1 to a picture."""
        super().__init__()
        self.encoder = encoder
        self.levels = sorted(decoders)
        for level, decoder in decoders.items():
            self.add_module(f"decoder{level}", decoder)

    stride: ClassVar[int] = 16

    def encode_style(self, image: Tensor | None = None) -> StyleCode:
        if image is None:
            raise ValueError("WCT needs a style image")
        features = self.encoder(image, taps=[f"relu{level}_1" for level in self.levels])
        return tuple(moment for level in self.levels for moment in moments(features[f"relu{level}_1"]))

    def forward(self, frames: Tensor, code: StyleCode, strength: float = 1.0) -> Tensor:
        x = pad_to_stride(frames, self.stride)
        for place, level in reversed(list(enumerate(self.levels))):
            tap = f"relu{level}_1"
            features = self.encoder(x, taps=(tap,))[tap]  # (N, C, H / 2ᵏ⁻¹, W / 2ᵏ⁻¹)
            mean, covariance = code[2 * place : 2 * place + 2]
            features = torch.lerp(features, coloured(features, mean, covariance), strength)
            x = getattr(self, f"decoder{level}")(features)
        return crop(x, like=frames)

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Tensor]) -> WCT:
        """A net from "encoder.…" (any layout that VGG takes) and "decoder1.…", "decoder2.…" and so on.

        ValueError where they do not fit.
        """
        strange = next((key for key in state if not key.startswith(("encoder.", "decoder"))), None)
        if strange:
            raise ValueError(f"it has an unknown tensor {strange}")
        levels = sorted({int(key[7]) for key in state if key.startswith("decoder") and key[7:8].isdigit()})
        if levels != list(range(1, len(levels) + 1)):
            raise ValueError(f"it has decoders of levels {levels}, which leave one out")
        encoder = VGG.from_state_dict(part(state, "encoder"), upto=f"relu{levels[-1]}_1")
        decoders = {level: _decoder(part(state, f"decoder{level}")) for level in levels}
        return cls(encoder, decoders)


def _decoder(state: Mapping[str, Tensor]) -> nn.Sequential:
    """By the convolutions' positions in the published nn.Sequential; a wider gap between two holds an upsampling."""
    positions = sorted(int(key.partition(".")[0]) for key in state if key.endswith(".weight"))
    layers: list[nn.Module] = []
    with torch.device("meta"):
        for at in positions:
            if at - 1 > len(layers):
                layers.append(nn.Upsample(scale_factor=2, mode="nearest"))
            outputs, inputs = state[f"{at}.weight"].shape[:2]
            layers += [Pad(1), nn.Conv2d(inputs, outputs, 3), nn.ReLU()]
        net = nn.Sequential(*layers[:-1])  # no ReLU on the picture
    fill(net, state)
    return net


def moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (N, C) and covariance (N, C, C) of features (N, C, H, W)."""
    flat = features.float().flatten(2)
    mean = flat.mean(2)
    centred = flat - mean[..., None]
    return mean, centred @ centred.transpose(1, 2) / flat.shape[2]


def coloured(features: Tensor, mean: Tensor, covariance: Tensor) -> Tensor:
    """Features (N, C, H, W) with another mean (N or 1, C) and covariance (N or 1, C, C). Li et al. 2017, eq. 1–3.

    What has no variance gets none, so flat and tiny pictures do not become noise.
    """
    own_mean, own = whole(lambda: moments(features))
    energy = own_mean.square().mean(1) + own.diagonal(dim1=1, dim2=2).mean(1)  # (N,)
    whiten = _root(own, -0.5, ROUNDING * energy)
    colour = _root(covariance.float(), 0.5, torch.zeros_like(energy))
    # Whitening can be too large a factor for half precision.
    centred = features.float().flatten(2) - own_mean[..., None]
    found = colour @ whiten @ centred + mean.float()[..., None]
    return found.to(features.dtype).unflatten(2, features.shape[2:])


def _root(covariance: Tensor, power: float, least: Tensor) -> Tensor:
    """A power of a symmetric matrix (N, C, C); of its variances those that are neither flat nor below `least` (N,)."""
    # In double, which Apple's GPUs do not have.
    exact = (covariance.cpu() if covariance.device.type == "mps" else covariance).double()
    values, vectors = (part.to(covariance) for part in torch.linalg.eigh(exact))
    limit = torch.maximum(FLAT * values.amax(1), least)[:, None]
    powers = torch.where(values > limit, values.clamp_min(1e-30) ** power, torch.zeros_like(values))
    return (vectors * powers[:, None]) @ vectors.transpose(1, 2)
