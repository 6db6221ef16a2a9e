"""What an optimized picture is to have little of.

Source: Gatys, Ecker, Bethge 2016 (equations 1 to 7; each layer's term is relative to its target's energy, so that
layers, encoders and pictures weigh the same).
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field

import torch
from torch import Tensor

from vidstyle.perception import Perceptual
from vidstyle.perception.distances import moments

from .options import GatysOptions
from .tiles import Tile, tiles

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
    """The picture (1, 3, H, W) whose features at CONTENT_LAYER are to stay."""
    style: tuple[Tensor, ...]
    """Gram matrices at STYLE_LAYERS."""
    near: tuple[Tensor, Tensor] | None = None
    """A picture (1, 3, H, W) to stay near to, and where, (1, 1, H, W) in [0, 1]. Ruder et al. 2016, eq. 5."""
    half: bool = False
    """Whether features are computed in bfloat16; what is made of them is float32 always."""
    tile: int | None = None
    """Side in pixels of the pieces that a larger picture is looked at by: the same energy and gradient, in less memory
    and half as much time again."""
    kept: Tensor = field(init=False)
    """The content's features (1, C, h, w) at CONTENT_LAYER."""

    def __post_init__(self) -> None:
        with torch.no_grad():
            object.__setattr__(self, "kept", self._content_features())

    def __call__(self, picture: Tensor) -> Tensor:
        options = self.options
        whole = self._tiled(picture) if self._large else self._seen(picture)
        whole = whole + options.variation * _roughness(picture)
        if self.near is not None:
            held, trust = self.near
            whole = whole + options.temporal * (trust * (picture - held).square()).mean()
        return whole

    @property
    def _large(self) -> bool:
        return self.tile is not None and max(self.content.shape[-2:]) > self.tile

    @property
    def _tiles(self) -> list[Tile]:
        height, width = self.content.shape[-2:]
        return tiles(height, width, self.tile or max(height, width))

    def _features(self, picture: Tensor, layers: tuple[str, ...]) -> dict[str, Tensor]:
        with torch.autocast(picture.device.type, torch.bfloat16) if self.half else nullcontext():
            return self.encoder(picture, exact=True, taps=layers)

    def _content_features(self) -> Tensor:
        if not self._large:
            return self._features(self.content, (CONTENT_LAYER,))[CONTENT_LAYER]
        height, width = self.content.shape[-2:]
        stride, whole = _stride(CONTENT_LAYER), torch.empty(0)
        for tile in self._tiles:
            found = self._features(tile.cut(self.content), (CONTENT_LAYER,))[CONTENT_LAYER]
            if not whole.numel():
                whole = found.new_empty((1, found.shape[1], -(-height // stride), -(-width // stride)))
            tile.of(whole, stride).copy_(tile.inner(found, stride))
        return whole

    def _seen(self, picture: Tensor) -> Tensor:
        """α · content + β · style."""
        features = self._features(picture, (*STYLE_LAYERS, CONTENT_LAYER))
        content = relative(features[CONTENT_LAYER].float(), self.kept.float())
        return self.options.content * content + self._style([_gram(features[layer]) for layer in STYLE_LAYERS])

    def _style(self, found: list[Tensor]) -> Tensor:
        """β · style, of Gram matrices."""
        terms = [relative(*pair) for pair in zip(found, self.style, strict=True)]
        return self.options.style * torch.stack(terms).mean()

    def _tiled(self, picture: Tensor) -> Tensor:
        """`_seen`, piece by piece. Gram matrices are sums over positions: once they are known, so is every piece's
        share of the gradient."""
        with torch.no_grad():
            parts = [self._parts(tile.cut(picture), tile) for tile in self._tiles]
        found = [torch.stack(of_layer).sum(0).requires_grad_() for of_layer in zip(*(p[1] for p in parts), strict=True)]
        style = self._style(found)
        slopes = torch.autograd.grad(style, found)
        gradient = torch.zeros_like(picture)
        for tile in self._tiles:
            pixels = tile.cut(picture.detach()).requires_grad_()
            content, shares = self._parts(pixels, tile)
            share = content + torch.stack([(s * g).sum() for s, g in zip(slopes, shares, strict=True)]).sum()
            tile.cut(gradient).add_(torch.autograd.grad(share, pixels)[0])
        value = style.detach() + torch.stack([content for content, _ in parts]).sum()
        slope = (gradient * picture).sum()
        return value + slope - slope.detach()

    def _parts(self, pixels: Tensor, tile: Tile) -> tuple[Tensor, list[Tensor]]:
        """A piece's shares of α · content and of the Gram matrices; its pixels come with their surroundings."""
        features = self._features(pixels, (*STYLE_LAYERS, CONTENT_LAYER))
        stride = _stride(CONTENT_LAYER)
        difference = tile.inner(features[CONTENT_LAYER], stride).float() - tile.of(self.kept, stride).float()
        content = difference.square().sum() / self.kept.float().square().sum().clamp_min(1e-12)
        shares = []
        for layer in STYLE_LAYERS:
            own = tile.inner(features[layer], _stride(layer))
            height, width = (-(-side // _stride(layer)) for side in self.content.shape[-2:])
            shares.append(_gram(own) * (own.shape[-2] * own.shape[-1] / (height * width)))
        return self.options.content * content, shares


def _gram(features: Tensor) -> Tensor:
    return moments(features.float()).gram


def _stride(layer: str) -> int:
    """Pixels to a position of a layer."""
    return 1 << (int(layer.removeprefix("relu").partition("_")[0]) - 1)


def _roughness(picture: Tensor) -> Tensor:
    down, right = picture[..., 1:, :] - picture[..., :-1, :], picture[..., 1:] - picture[..., :-1]
    return down.square().mean() + right.square().mean()
