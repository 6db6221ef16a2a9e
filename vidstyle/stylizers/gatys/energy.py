"""What an optimized picture is to have little of.

Source: Gatys, Ecker, Bethge 2016 (equations 1 to 7; each layer's term is relative to its target's energy, so that
layers, encoders and pictures weigh the same).
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

from vidstyle.perception import Perceptual
from vidstyle.perception.distances import moments

from .options import GatysOptions

__all__ = ["CONTENT_LAYER", "STYLE_LAYERS", "Energy", "grams", "relative"]

CONTENT_LAYER = "relu4_2"
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")


def grams(encoder: Perceptual, picture: Tensor) -> tuple[Tensor, ...]:
    """Gram matrices (1, C, C) of a picture (1, 3, h, w) at STYLE_LAYERS."""
    features = encoder(picture, exact=True, taps=STYLE_LAYERS)
    return tuple(moments(features[layer].float()).gram for layer in STYLE_LAYERS)


def relative(found: Tensor, wanted: Tensor) -> Tensor:
    """Squared difference over the squares of what is wanted: ‖found − wanted‖² / ‖wanted‖²."""
    return (found - wanted).square().sum() / wanted.square().sum().clamp_min(1e-12)


@dataclass(frozen=True)
class Energy:
    """α · content + β · style + γ · variation of a picture (1, 3, H, W)."""

    encoder: Perceptual
    options: GatysOptions
    content: Tensor
    """Features (1, C, h, w) at CONTENT_LAYER."""
    style: tuple[Tensor, ...]
    """Gram matrices at STYLE_LAYERS."""
    near: tuple[Tensor, Tensor] | None = None
    """A picture (1, 3, H, W) to stay near to, and where, (1, 1, H, W) in [0, 1]. Ruder et al. 2016, eq. 5."""
    half: bool = False
    """Whether features are computed in bfloat16; what is made of them is float32 always."""

    @classmethod
    def of(
        cls,
        encoder: Perceptual,
        options: GatysOptions,
        content: Tensor,
        style: tuple[Tensor, ...],
        near: tuple[Tensor, Tensor] | None = None,
        half: bool = False,
    ) -> Energy:
        """For a content (1, 3, H, W) and a style's Gram matrices."""
        with torch.no_grad():
            features = encoder(content, exact=True, taps=(CONTENT_LAYER,))[CONTENT_LAYER]
        return cls(encoder, options, features, style, near, half)

    def __call__(self, picture: Tensor) -> Tensor:
        with torch.autocast(picture.device.type, torch.bfloat16) if self.half else nullcontext():
            features = self.encoder(picture, exact=True, taps=(*STYLE_LAYERS, CONTENT_LAYER))
        found = [moments(features[layer].float()).gram for layer in STYLE_LAYERS]
        style = torch.stack([relative(*pair) for pair in zip(found, self.style, strict=True)]).mean()
        content = relative(features[CONTENT_LAYER].float(), self.content.float())
        options = self.options
        whole = options.content * content + options.style * style + options.variation * _roughness(picture)
        if self.near is not None:
            held, trust = self.near
            whole = whole + options.temporal * (trust * (picture - held).square()).mean()
        return whole


def _roughness(picture: Tensor) -> Tensor:
    down, right = picture[..., 1:, :] - picture[..., :-1, :], picture[..., 1:] - picture[..., :-1]
    return down.square().mean() + right.square().mean()
