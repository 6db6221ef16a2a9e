"""Training of a small perceptual encoder by a large one.

Source: Wang et al. 2020 (collaborative distillation), with the features themselves as targets.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from kornia.augmentation import AugmentationSequential, ColorJiggle, RandomGaussianNoise, RandomSharpness
from torch import Tensor

from vidstyle.nets.vgg import VGG
from vidstyle.perception.distances import Moments, moments
from vidstyle.perception.encoder import Perceptual
from vidstyle.pictures import as_image
from vidstyle.zoo import Card, write

from .pictures import Pictures
from .recipe import EncoderRecipe
from .run import Run

__all__ = ["EncoderRun", "untrained_encoder"]


def untrained_encoder(channels: tuple[int, ...]) -> VGG:
    """A slim VGG whose activations keep their size from layer to layer."""
    net = VGG.slim(channels, lifted=True)
    for module in net.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            torch.nn.init.zeros_(module.bias)  # type: ignore[arg-type]
    with torch.no_grad():  # [0, 1] to [-1, 1]
        net.conv0.weight.copy_(2 * torch.eye(3)[:, :, None, None])
        net.conv0.bias.fill_(-1)  # type: ignore[union-attr]
    return net


class EncoderRun(Run):
    """A slim VGG that learns to see as the teacher does, in photos and in paintings, odd ones too."""

    recipe: EncoderRecipe
    averaged: VGG

    def __init__(
        self, fabric: Any, recipe: EncoderRecipe, net: VGG, teacher: Perceptual, photos: Pictures, paintings: Pictures
    ) -> None:
        super().__init__(fabric, recipe, net, net)
        self.teacher, self.photos, self.paintings = teacher, photos, paintings
        # What a net in training paints is noisy, too sharp, and of any colour.
        self.augment = AugmentationSequential(
            ColorJiggle(0.3, 0.4, 0.4, 0.1, p=0.5),
            RandomSharpness(3.0, p=0.4),
            RandomGaussianNoise(std=0.05, p=0.3),
            data_keys=["input"],
        )

    def terms(self, progress: float) -> dict[str, Tensor]:
        half, crop = self.recipe.batch // 2, self.recipe.crop
        pictures = torch.cat([self.photos.sample(self.recipe.batch - half, crop), self.paintings.sample(half, crop)])
        pictures = self.augment(pictures).clamp(0, 1)
        with torch.no_grad(), self.fabric.autocast():
            wanted = self.teacher(pictures, exact=True)
        seen = self.lesson(pictures)
        pairs = [(seen[tap].float(), target.float()) for tap, target in wanted.items()]
        return {
            "features": torch.stack([_relative(ours, theirs) for ours, theirs in pairs]).sum(),
            "statistics": torch.stack(
                [_relative(_statistics(moments(ours)), _statistics(moments(theirs))) for ours, theirs in pairs]
            ).sum(),
        }

    def export(self, card: Card, output: Path) -> Path:
        path = output / f"{card.name}.safetensors"
        state = {key: value.half() for key, value in self.averaged.state_dict().items()}
        write(state, replace(card, parameters=sum(value.numel() for value in state.values())), path)
        return path

    @torch.no_grad()
    def sheet(self, path: Path) -> None:
        """Photos, and below them relu3_1 as the teacher and as the net sees it, three components as colours."""
        pictures = self.photos.spread(6)
        wanted, seen = self.teacher(pictures, exact=True)["relu3_1"], self.averaged(pictures)["relu3_1"]
        flat = wanted.float().permute(0, 2, 3, 1).flatten(0, 2)  # (N·h·w, C)
        _, _, basis = torch.pca_lowrank(flat, 3)  # (C, 3)
        low, high = (flat @ basis).quantile(torch.tensor([0.02, 0.98], device=flat.device), dim=0)

        def colours(features: Tensor) -> Tensor:
            shown = (features.float().permute(0, 2, 3, 1) @ basis - low) / (high - low)
            return F.interpolate(shown.permute(0, 3, 1, 2), pictures.shape[-2:])  # (N, 3, H, W)

        rows = [torch.cat(list(row), 2) for row in (pictures, colours(wanted), colours(seen))]
        as_image(torch.cat(rows, 1)).save(path)


def _statistics(seen: Moments) -> Tensor:
    return torch.cat([seen.mean, seen.deviation], 1)  # (N, 2·C)


def _relative(ours: Tensor, theirs: Tensor) -> Tensor:
    return F.mse_loss(ours, theirs) / theirs.square().mean().clamp_min(1e-6)
