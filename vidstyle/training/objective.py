"""What an arbitrary-style network is trained for."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vidstyle.nets.conditioned import ConditionedNet
from vidstyle.perception.distances import (
    content_distance,
    gram_distance,
    lattice,
    statistics,
    statistics_distance,
    total_variation,
)
from vidstyle.perception.encoder import Perceptual
from vidstyle.temporal.losses import steadiness
from vidstyle.temporal.random_flow import random_flow
from vidstyle.temporal.warp import warp

from .recipe import Recipe

__all__ = ["Lesson", "identity", "style_target", "terms"]

GRAM_LAYERS = ("relu2_1", "relu3_1", "relu4_1")


class Lesson(nn.Module):
    """The net together with its auxiliary task, so that one call covers all that needs gradients."""

    def __init__(self, net: ConditionedNet, statistics_size: int) -> None:
        super().__init__()
        self.net = net
        self.guess = nn.Linear(net.style_encoder.embed.out_features, statistics_size)

    def forward(self, contents: list[Tensor], style: Tensor) -> tuple[list[Tensor], Tensor]:
        """Contents, all to be painted in the same styles -> (paintings, guessed style statistics (N, S))."""
        embedding = self.net.style_encoder.embedding(style)
        code = self.net.style_encoder.predict(embedding)
        return [self.net(content, (code,)) for content in contents], self.guess(embedding)


def style_target(features: dict[str, Tensor]) -> Tensor:
    """All style statistics of a batch in one row each, (N, S), compressed: large values must not rule."""
    return torch.cat([torch.cat(statistics(value.float()), 1) for value in features.values()], 1).log1p()


def identity(lesson: nn.Module, content: Tensor) -> dict[str, Tensor]:
    """The term of the first steps, by its name in the recipe: pictures (N, 3, H, W) painted in their own style."""
    (painted,), _ = lesson([content], content)
    return {"identity": (painted - content).abs().mean()}


def terms(
    lesson: nn.Module, judge: Perceptual, content: Tensor, style: Tensor, recipe: Recipe, temporal: bool, exact: bool
) -> dict[str, Tensor]:
    """Every term of one step, unweighted, by its name in the recipe.

    content, style: (N, 3, H, W) in [0, 1]. `temporal` adds the stability term; `exact` has the exact VGG judge.
    """
    contents = [content]
    if temporal:
        flow = random_flow(len(content), *content.shape[-2:], device=content.device)
        noise = torch.empty(len(content), 1, 1, 1, device=content.device).uniform_(0.001, 0.02)
        contents.append((warp(content, flow) + noise * torch.randn_like(content)).clamp(0, 1))
    painted, guessed = lesson(contents, style)
    with torch.no_grad():
        style_features = judge(style, exact)
        content_features = judge.deep(content, taps=("relu4_1",))
    features = judge(painted[0], exact)
    found = {
        "content": content_distance(features, content_features),
        "style": statistics_distance(features, style_features),
        "gram": gram_distance(features, style_features, GRAM_LAYERS),
        "variation": total_variation(painted[0]),
        "statistics": nn.functional.mse_loss(guessed.float(), style_target(style_features)),
    }
    if recipe.lattice > 0:
        found["lattice"] = lattice(painted[0])
    if temporal:
        found["temporal"] = steadiness(painted[0].float(), painted[1].float(), flow)
    return found
