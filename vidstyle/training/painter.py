"""Training of arbitrary-style networks."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from vidstyle.nets.conditioned import ConditionedNet
from vidstyle.nets.int8 import calibrate
from vidstyle.perception import distances
from vidstyle.perception.encoder import Perceptual
from vidstyle.zoo import Card, save

from .adversary import Adversary
from .muon import Muon
from .pairs import Pair
from .pictures import Pictures
from .recipe import PainterRecipe
from .run import MEMORY, Run
from .sheet import sample_sheet
from .steady import draw_pair, temporal_terms, watched

if TYPE_CHECKING:
    from .clips import Clips

__all__ = ["PainterRun"]

CALIBRATION = 64
"""Pairs of pictures from which a finished net learns the ranges for whole numbers."""
HALFWAY = 8
"""Frames are so many times as large as what the temporal term sees half-way."""


class PainterRun(Run):
    """A net that learns to paint photos in the styles of paintings."""

    recipe: PainterRecipe
    net: ConditionedNet
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
        clips: Clips | None = None,
    ) -> None:
        """shown: contents (N, 3, H, W) for the sheets; clips: for the temporal terms, beside made-up motion."""
        super().__init__(fabric, recipe, net, Lesson(net))
        self.clips = clips
        self.judge, self.contents, self.styles, self.shown = judge, contents, styles, shown
        self.adversary: Adversary | None = None
        if recipe.adversarial > 0:
            numbers = (recipe.critic, recipe.critic_sizes, recipe.learning_rate / 4, recipe.penalty)
            self.adversary = Adversary(fabric, *numbers)
        self.latest: tuple[Tensor, Tensor] | None = None
        """Styles and paintings that the critics have not learnt from yet."""

    def teach(self, lesson: nn.Module) -> list[torch.optim.Optimizer]:
        if self.recipe.optimizer == "adam":
            return super().teach(lesson)
        # What sees or makes pixels, and what is no matrix, learns by Adam all the same.
        pixels = {id(weight) for layer in self.net.transformer.rim for weight in layer.parameters()}
        learning = [weight for weight in lesson.parameters() if weight.requires_grad]
        inner = [weight for weight in learning if weight.ndim > 1 and id(weight) not in pixels]
        turned = {id(weight) for weight in inner}
        return [
            Muon(inner, lr=self.recipe.learning_rate),
            self.adam(weight for weight in learning if id(weight) not in turned),
        ]

    def terms(self, progress: float) -> dict[str, Tensor]:
        recipe = self.recipe
        self.batch, crop = recipe.batch, recipe.crop
        if progress < recipe.grow:
            crop = min(crop, max(32, 16 * round(crop * (1 + progress / recipe.grow) / 32)))
        if recipe.large_crop and self.step % recipe.large_every == 0:
            # About as many pixels as in other steps.
            self.batch, crop = max(1, round(recipe.batch * (crop / recipe.large_crop) ** 2)), recipe.large_crop
        if self.step < recipe.identity_steps and not recipe.start_from:
            content = self.contents.sample(self.batch, crop)
            painted, _ = self.lesson([content], content)
            return {"identity": (painted[0].float() - content).abs().mean()}
        pair = draw_pair(recipe, self.step, self.batch, crop, self.contents, self.clips)
        content = pair.first if pair else self.contents.sample(self.batch, crop)
        return self._painting(content, self.styles.sample(self.batch, crop), progress >= recipe.exact_after, pair)

    def _painting(self, content: Tensor, style: Tensor, exact: bool, pair: Pair | None) -> dict[str, Tensor]:
        """The terms of painting contents in styles, both (N, 3, H, W) in [0, 1].

        exact: judged by the exact VGG. pair: the contents and later ones, for the temporal terms.
        """
        painted, halfway = self.lesson([content, pair.later] if pair else [content], style)
        with self.fabric.autocast():
            with torch.no_grad():
                style_features = self.judge(style, exact)
                # The contrastive term compares with what the same encoder sees in the painting.
                if self.recipe.contrastive:
                    content_features = self.judge(content, exact)
                else:
                    content_features = self.judge.deep(content, taps=("relu4_1",))
            features = self.judge(painted[0], exact)
        seen, wanted = distances.moments_of(features), distances.moments_of(style_features)
        found = {
            "content": distances.content_distance(features, content_features),
            "style": distances.statistics_distance(seen, wanted, tuple(seen)),
            "gram": distances.gram_distance(seen, wanted),
            "variation": distances.total_variation(painted[0].float()),
        }
        if self.recipe.finest:
            found["finest"] = distances.finest_detail(painted[0].float())
        if self.recipe.halos:
            found["halos"] = distances.halos(painted[0], content)
        if self.adversary is not None:
            found["adversarial"] = self.adversary.unconvinced(painted[0].float())
            self.latest = style, painted[0].detach().float()
        if self.recipe.sliced:
            found["sliced"] = distances.sliced_distance(features, style_features)
        if self.recipe.contrastive:
            found["contrastive"] = distances.contrastive_distance(features, content_features)
        if pair:
            found |= temporal_terms(self.recipe, pair, painted, halfway, HALFWAY)
        return found

    def learn(self, progress: float) -> None:
        """A step of the painter, then, where it has painted, one of the critics."""
        super().learn(progress)
        if self.adversary is not None and self.latest is not None:
            apart = self.adversary.learn(*self.latest)
            self.means["critics"] = MEMORY * self.means.get("critics", apart) + (1 - MEMORY) * apart
            self.latest = None

    def _modules(self) -> dict[str, Any]:
        own = super()._modules()
        if self.adversary is not None:
            own |= {"critics": self.adversary.critics, "critic_optimizer": self.adversary.optimizer}
        return own

    def export(self, card: Card, output: Path) -> Path:
        path = output / f"{card.name}.safetensors"
        if not self.ended:  # ranges take seconds, and the next steps would change them
            save(self.averaged, card, path, dtype=torch.float16)
            return path
        net = deepcopy(self.averaged).eval()
        count = min(CALIBRATION, len(self.contents), len(self.styles))
        contents, styles = (pictures.spread(count).split(1) for pictures in (self.contents, self.styles))
        calibrate(net, zip(contents, styles, strict=True))
        save(net, card, path, dtype=torch.float16)
        return path

    def sheet(self, path: Path) -> None:
        sample_sheet(self.averaged, self.shown, self.styles.spread(8), path)


class Lesson(nn.Module):
    """The net as one call that covers all that needs gradients."""

    def __init__(self, net: ConditionedNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, contents: list[Tensor], style: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Contents, all to be painted in the same styles -> paintings, and what the net computes half-way."""
        # The last of the blocks at 1/8 of the frames' size.
        blocks = self.net.transformer.get_submodule(next(iter(self.net.LISTS.values())))
        with watched(list(blocks.children())[-1]) as halfway:
            code = (self.net.style_encoder(style),)
            return [self.net(content, code) for content in contents], halfway
