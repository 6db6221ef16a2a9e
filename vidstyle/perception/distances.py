"""What makes a painting good: the terms of the training loss, on a perceptual encoder's features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from kornia.filters import gaussian_blur2d
from torch import Tensor

__all__ = [
    "Moments",
    "content_distance",
    "contrastive_distance",
    "feature_distance",
    "finest_detail",
    "gram_distance",
    "halos",
    "moments",
    "moments_of",
    "sliced_distance",
    "statistics_distance",
    "total_variation",
]

Features = dict[str, Tensor]
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
"""Where means and deviations are compared, unless a caller says otherwise."""
GRAM_LAYERS = ("relu2_1", "relu3_1", "relu4_1")
"""Where Gram matrices are compared, unless a caller says otherwise."""
SURROUNDINGS = (2, 5)
"""Deviations, in cells, of the Gaussians that say how light a place's surroundings are."""


def _positions(features: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, H·W, C); a view where channels are last in memory, as in training."""
    return features.permute(0, 2, 3, 1).flatten(1, 2)


class _MeanAndGram(torch.autograd.Function):
    """(N, P, C) -> means over positions (N, C) and Gram matrices (N, C, C).

    A function of its own for its gradient, which is one product here and five passes over the features otherwise.
    """

    @staticmethod
    def forward(ctx: Any, flat: Tensor) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(flat)
        return flat.mean(dim=1), flat.transpose(1, 2) @ flat / flat.shape[1]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (flat,) = ctx.saved_tensors
        of_mean, of_gram = gradients
        share = 1 / flat.shape[1]
        return torch.baddbmm(of_mean[:, None], flat, of_gram + of_gram.transpose(1, 2), beta=share, alpha=share)


@dataclass(frozen=True)
class Moments:
    """What both distances of style see of a layer: mean (N, C), and Gram matrix over positions, divided by their
    number, (N, C, C). Gatys et al. 2016, eq. 3."""

    mean: Tensor
    gram: Tensor

    @property
    def deviation(self) -> Tensor:
        """Of every channel, (N, C)."""
        variance = (self.gram.diagonal(dim1=1, dim2=2) - self.mean * self.mean).clamp_min(0)
        return (variance + 1e-5).sqrt()


Seen = Mapping[str, Moments]


def moments(features: Tensor) -> Moments:
    """Of features (N, C, H, W), float32 at least."""
    kind = features.device.type
    with torch.autocast(kind, enabled=False) if kind in ("cpu", "cuda") else nullcontext():
        return Moments(*_MeanAndGram.apply(_positions(features)))


def moments_of(features: Features, layers: Iterable[str] | None = None) -> dict[str, Moments]:
    """Of every layer, or of `layers` only."""
    return {layer: moments(features[layer].float()) for layer in (features if layers is None else layers)}


def statistics_distance(painted: Seen, style: Seen, layers: Iterable[str] = STYLE_LAYERS) -> Tensor:
    """Mean squared difference of means and deviations, summed over `layers`. Huang & Belongie 2017, eq. 13."""
    pairs = [(painted[layer], style[layer]) for layer in layers]
    return torch.stack(
        [
            (ours.mean - other.mean).square().mean() + (ours.deviation - other.deviation).square().mean()
            for ours, other in pairs
        ]
    ).sum()


def gram_distance(painted: Seen, style: Seen, layers: Iterable[str] = GRAM_LAYERS) -> Tensor:
    """Relative squared difference of Gram matrices, ‖G − G'‖² / ‖G'‖², mean over pictures, summed over `layers`.

    Relative, so that layers and styles of different energy weigh the same.
    """
    pairs = [(painted[layer].gram, style[layer].gram) for layer in layers]
    relative = [
        (ours - theirs).square().sum((1, 2)) / theirs.square().sum((1, 2)).clamp_min(1e-6) for ours, theirs in pairs
    ]  # each (N,)
    return torch.stack(relative).sum(0).mean()


def content_distance(painted: Features, content: Features, layer: str = "relu4_1") -> Tensor:
    """Mean squared difference of instance-normalised features: shapes are compared, palettes are not."""
    return F.mse_loss(F.instance_norm(painted[layer].float()), F.instance_norm(content[layer].float()))


def feature_distance(painted: Features, wanted: Features) -> Tensor:
    """Squared difference of features, place by place, relative to those of `wanted`, summed over the layers.

    Johnson et al. 2016, eq. 2, with layers of different energy made alike.
    """
    pairs = [(painted[layer].float(), other.float()) for layer, other in wanted.items()]
    return torch.stack([F.mse_loss(ours, other) / other.square().mean().clamp_min(1e-6) for ours, other in pairs]).sum()


def sliced_distance(
    painted: Features,
    style: Features,
    layers: tuple[str, ...] = GRAM_LAYERS,
    directions: int = 32,
    positions: int = 2048,
) -> Tensor:
    """Squared distance of whole distributions of features, seen along random directions, summed over `layers`.

    At most so many random positions are looked at; where the two have not the same number, the smaller decides.
    Heitz et al. 2021, eq. 4–6.
    """
    total = torch.zeros((), device=next(iter(painted.values())).device)
    for layer in layers:
        pair = [_positions(features[layer].float()) for features in (painted, style)]  # (N, P, C)
        count = min(positions, *(flat.shape[1] for flat in pair))
        seen = F.normalize(torch.randn(pair[0].shape[2], directions, device=pair[0].device), dim=0)  # (C, D)
        # All positions in any order are the same distribution: only where some are left out, chance decides.
        chosen = [flat[:, torch.randperm(flat.shape[1], device=flat.device)[:count]] for flat in pair]
        ours, theirs = ((flat @ seen).sort(dim=1).values for flat in chosen)
        total = total + F.mse_loss(ours, theirs)
    return total


def contrastive_distance(
    painted: Features, content: Features, layer: str = "relu3_1", anchors: int = 128, temperature: float = 0.07
) -> Tensor:
    """Whether features change from a place to a neighbouring one as they do in the content at the same two places.

    Cross-entropy of telling, among so many random places, which change belongs to which. Wu et al. 2022 (CCPL), eq. 3,
    without its projections.
    """
    ours, theirs = painted[layer].float(), content[layer].float()  # (N, C, H, W)
    height, width = ours.shape[-2:]
    y, x = (torch.randint(1, max(2, side - 1), (anchors,), device=ours.device) for side in (height, width))
    beside = torch.randint(8, (anchors,), device=ours.device)
    beside = beside + (beside >= 4)  # 0 … 8 without 4, which is no step at all
    there = (y + beside // 3 - 1).clamp(max=height - 1), (x + beside % 3 - 1).clamp(max=width - 1)
    steps = [F.normalize(f[..., y, x] - f[..., there[0], there[1]], dim=1) for f in (ours, theirs)]  # (N, C, M)
    alike = steps[0].transpose(1, 2) @ steps[1] / temperature  # (N, M, M)
    return F.cross_entropy(alike.flatten(0, 1), torch.arange(anchors, device=ours.device).repeat(len(ours)))


def finest_detail(x: Tensor) -> Tensor:
    """Mean absolute difference of (N, C, H, W) and of what a binomial blur over 3×3 pixels leaves of it."""
    return (x[..., 1:-1, 1:-1] - F.avg_pool2d(F.avg_pool2d(x, 2, 1), 2, 1)).abs().mean()


def halos(painted: Tensor, content: Tensor) -> Tensor:
    """Share of a painting's variance that the content's surroundings explain and its own colours do not, mean over
    (N, 3, H, W).

    A light rim around what is dark is that: of two places of equal colour the one near the dark thing is painted
    lighter. Both are seen in cells of 4×4 pixels, surroundings as Gaussians of 2 and 5 cells; own colours with their
    squares, for tones may be bent.
    """
    with torch.no_grad():
        cells = F.avg_pool2d(content.float(), 4)  # (N, 3, h, w)
        grey = cells.mean(1, keepdim=True)
        widest = 2 * (min(grey.shape[-2:]) // 2) - 1
        around = [gaussian_blur2d(grey, (min(6 * r + 1, widest),) * 2, (float(r), float(r))) for r in SURROUNDINGS]
        # With their products, for a rim may be on the light side alone.
        around += [grey * one for one in around]
        known = torch.cat([torch.ones_like(grey), cells, cells.square(), *around], 1).flatten(2)  # (N, K, P)
        # The last directions are what is left of the surroundings once all before them is taken away.
        rest = torch.linalg.qr(known.transpose(1, 2)).Q[..., -len(around) :]  # (N, P, 4)
    seen = F.avg_pool2d(painted.float(), 4).flatten(2)  # (N, 3, P)
    seen = seen - seen.mean(2, keepdim=True)
    return ((seen @ rest).square().sum((1, 2)) / seen.square().sum((1, 2)).clamp_min(1e-6)).mean()


def total_variation(x: Tensor) -> Tensor:
    """Mean absolute difference of neighbouring pixels of (N, C, H, W)."""
    return (x[..., 1:, :] - x[..., :-1, :]).abs().mean() + (x[..., 1:] - x[..., :-1]).abs().mean()
