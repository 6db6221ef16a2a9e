"""Training of arbitrary-style networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vidstyle.nets.conditioned import ConditionedNet
from vidstyle.perception.distances import (
    content_distance,
    gram_distance,
    statistics_distance,
    total_variation,
)
from vidstyle.perception.encoder import Perceptual
from vidstyle.temporal.losses import steadiness
from vidstyle.temporal.random_flow import random_flow
from vidstyle.temporal.warp import warp
from vidstyle.zoo import Card, save

from .pictures import Pictures
from .recipe import PainterRecipe
from .run import Run
from .sheet import sample_sheet

__all__ = ["PainterRun"]


class PainterRun(Run):
    """A net that learns to paint photos in the styles of paintings."""

    recipe: PainterRecipe
    averaged: ConditionedNet

    def __init__(
        self,
        fabric: Any,
        recipe: PainterRecipe,
        net: ConditionedNet,
        judge: Perceptual,
        contents: Pictures,
        styles: Pictures,
        shown: Tensor,
    ) -> None:
        """shown: contents (N, 3, H, W) for the sheets."""
        super().__init__(fabric, recipe, net, Lesson(net))
        self.judge, self.contents, self.styles, self.shown = judge, contents, styles, shown

    def terms(self, progress: float) -> dict[str, Tensor]:
        recipe = self.recipe
        self.batch, crop = recipe.batch, recipe.crop
        if recipe.large_crop and self.step % recipe.large_every == 0:
            # About as many pixels as in other steps.
            self.batch, crop = max(1, round(recipe.batch * (crop / recipe.large_crop) ** 2)), recipe.large_crop
        content = self.contents.sample(self.batch, crop)
        if self.step < recipe.identity_steps and not recipe.start_from:
            (painted,) = self.lesson([content], content)
            return {"identity": (painted.float() - content).abs().mean()}
        return self._painting(content, self.styles.sample(self.batch, crop), progress >= recipe.exact_after)

    def _painting(self, content: Tensor, style: Tensor, exact: bool) -> dict[str, Tensor]:
        """The terms of painting contents in styles, both (N, 3, H, W) in [0, 1]; `exact`: judged by the exact VGG."""
        temporal = self.recipe.temporal > 0 and self.step % self.recipe.temporal_every == 0
        contents = [content]
        if temporal:
            flow = random_flow(len(content), *content.shape[-2:], device=content.device)
            noise = torch.empty(len(content), 1, 1, 1, device=content.device).uniform_(0.001, 0.02)
            contents.append((warp(content, flow) + noise * torch.randn_like(content)).clamp(0, 1))
        painted = self.lesson(contents, style)
        with self.fabric.autocast():
            with torch.no_grad():
                style_features = self.judge(style, exact)
                content_features = self.judge.deep(content, taps=("relu4_1",))
            features = self.judge(painted[0], exact)
        found = {
            "content": content_distance(features, content_features),
            "style": statistics_distance(features, style_features),
            "gram": gram_distance(features, style_features),
            "variation": total_variation(painted[0].float()),
        }
        if temporal:
            found["temporal"] = steadiness(painted[0].float(), painted[1].float(), flow)
        return found

    def export(self, card: Card, output: Path) -> Path:
        path = output / f"{card.name}.safetensors"
        save(self.averaged, card, path, dtype=torch.float16)
        return path

    def sheet(self, path: Path) -> None:
        sample_sheet(self.averaged, self.shown, self.styles.spread(8), path)


class Lesson(nn.Module):
    """The net as one call that covers all that needs gradients."""

    def __init__(self, net: ConditionedNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, contents: list[Tensor], style: Tensor) -> list[Tensor]:
        """Contents, all to be painted in the same styles -> paintings."""
        code = (self.net.style_encoder(style),)
        return [self.net(content, code) for content in contents]
