"""What makes a painting good: the terms of the training loss, on a perceptual encoder's features."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = [
    "content_distance",
    "gram",
    "gram_distance",
    "statistics",
    "statistics_distance",
    "total_variation",
]

Features = dict[str, Tensor]
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
"""Where means and deviations are compared, unless a caller says otherwise."""
GRAM_LAYERS = ("relu2_1", "relu3_1", "relu4_1")
"""Where Gram matrices are compared, unless a caller says otherwise."""


def _positions(features: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, H·W, C); a view where channels are last in memory, as in training."""
    return features.permute(0, 2, 3, 1).flatten(1, 2)


def statistics(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of every channel: (N, C, H, W) -> two (N, C). Huang & Belongie 2017, eq. 5-6."""
    flat = _positions(features)
    mean = flat.mean(dim=1)
    # Half the time of torch.var, whose gradient a CPU computes slowly.
    variance = ((flat * flat).mean(dim=1) - mean * mean).clamp_min(0)
    return mean, (variance + 1e-5).sqrt()


def statistics_distance(painted: Features, style: Features, layers: tuple[str, ...] = STYLE_LAYERS) -> Tensor:
    """Mean squared difference of means and deviations, summed over `layers`. Huang & Belongie 2017, eq. 13."""
    total = torch.zeros((), device=next(iter(painted.values())).device)
    for layer in layers:
        mean, deviation = statistics(painted[layer].float())
        style_mean, style_deviation = statistics(style[layer].float())
        total = total + F.mse_loss(mean, style_mean) + F.mse_loss(deviation, style_deviation)
    return total


def gram(features: Tensor) -> Tensor:
    """Gram matrix over positions, divided by their number: (N, C, H, W) -> (N, C, C). Gatys et al. 2016, eq. 3."""
    flat = _positions(features)
    return flat.transpose(1, 2) @ flat / flat.shape[1]


def gram_distance(painted: Features, style: Features, layers: tuple[str, ...] = GRAM_LAYERS) -> Tensor:
    """Relative squared difference of Gram matrices, ‖G − G'‖² / ‖G'‖², mean over pictures, summed over `layers`.

    Relative, so that layers and styles of different energy weigh the same.
    """
    total = torch.zeros((), device=next(iter(painted.values())).device)
    for layer in layers:
        ours, theirs = gram(painted[layer].float()), gram(style[layer].float())
        total = total + ((ours - theirs).square().sum((1, 2)) / theirs.square().sum((1, 2)).clamp_min(1e-6)).mean()
    return total


def content_distance(painted: Features, content: Features, layer: str = "relu4_1") -> Tensor:
    """Mean squared difference of instance-normalised features: shapes are compared, palettes are not."""
    return F.mse_loss(F.instance_norm(painted[layer].float()), F.instance_norm(content[layer].float()))


def total_variation(x: Tensor) -> Tensor:
    """Mean absolute difference of neighbouring pixels of (N, C, H, W)."""
    return (x[..., 1:, :] - x[..., :-1, :]).abs().mean() + (x[..., 1:] - x[..., :-1]).abs().mean()
