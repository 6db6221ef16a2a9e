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

GRAM_LAYERS = ("relu2_1", "relu3_1", "relu4_1")


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
        content = self.contents.sample(recipe.batch)
        if self.step < recipe.identity_steps:
            return identity(self.lesson, content)
        style = self.styles.sample(recipe.batch)
        temporal = recipe.temporal > 0 and self.step % recipe.temporal_every == 0
        return painting(self.lesson, self.judge, content, style, temporal, exact=progress >= recipe.exact_after)

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


def identity(lesson: nn.Module, content: Tensor) -> dict[str, Tensor]:
    """The term of the first steps, by its name in the recipe: pictures (N, 3, H, W) painted in their own style."""
    (painted,) = lesson([content], content)
    return {"identity": (painted - content).abs().mean()}


def painting(
    lesson: nn.Module, judge: Perceptual, content: Tensor, style: Tensor, temporal: bool, exact: bool
) -> dict[str, Tensor]:
    """Every term of one step, unweighted, by its name in the recipe.

    content, style: (N, 3, H, W) in [0, 1]. `temporal` adds the stability term; `exact` has the exact VGG judge.
    """
    contents = [content]
    if temporal:
        flow = random_flow(len(content), *content.shape[-2:], device=content.device)
        noise = torch.empty(len(content), 1, 1, 1, device=content.device).uniform_(0.001, 0.02)
        contents.append((warp(content, flow) + noise * torch.randn_like(content)).clamp(0, 1))
    painted = lesson(contents, style)
    with torch.no_grad():
        style_features = judge(style, exact)
        content_features = judge.deep(content, taps=("relu4_1",))
    features = judge(painted[0], exact)
    found = {
        "content": content_distance(features, content_features),
        "style": statistics_distance(features, style_features),
        "gram": gram_distance(features, style_features, GRAM_LAYERS),
        "variation": total_variation(painted[0]),
    }
    if temporal:
        found["temporal"] = steadiness(painted[0].float(), painted[1].float(), flow)
    return found
