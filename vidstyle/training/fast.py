"""Training of networks with one style in their weights.

Sources: Johnson et al. 2016 (perceptual losses, equations 1 to 4); Gupta et al. 2017, Gao et al. 2018 (ReCoNet) and
Ruder et al. 2018 (steadiness).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from vidstyle.nets.transformer_net import TransformerNet
from vidstyle.perception import distances
from vidstyle.perception.encoder import Perceptual
from vidstyle.pictures import as_image
from vidstyle.zoo import Card, save

from .pictures import Pictures
from .recipe import FastRecipe
from .run import Run
from .steady import draw_pair, temporal_terms, watched

if TYPE_CHECKING:
    from .clips import Clips

__all__ = ["FastRun"]


class FastRun(Run):
    """A net that learns to paint photos in the style of one picture."""

    recipe: FastRecipe
    net: TransformerNet
    averaged: TransformerNet

    def __init__(
        self,
        fabric: Any,
        recipe: FastRecipe,
        judge: Perceptual,
        contents: Pictures,
        style: Tensor,
        shown: Tensor,
        clips: Clips | None = None,
    ) -> None:
        """style: (1, 3, h, w) in [0, 1], at the size at which its strokes are to be; shown: contents for the sheets;
        clips: for the temporal term, beside made-up motion."""
        full, half, quarter = recipe.channels
        net = TransformerNet(full, half, quarter, recipe.blocks).to(fabric.device)
        super().__init__(fabric, recipe, net, net)
        self.judge, self.contents, self.style, self.shown = judge, contents, style.to(fabric.device), shown
        self.clips = clips
        with torch.no_grad():
            self.wanted = {exact: distances.moments_of(judge(self.style, exact)) for exact in (False, True)}

    def terms(self, progress: float) -> dict[str, Tensor]:
        recipe = self.recipe
        exact = progress >= recipe.exact_after
        pair = draw_pair(recipe, self.step, recipe.batch, recipe.crop, self.contents, self.clips)
        content = pair.first if pair else self.contents.sample(recipe.batch, recipe.crop)
        painted, halfway = self._painted(content)
        with self.fabric.autocast():
            with torch.no_grad():
                shapes = self.judge.deep(content, taps=("relu4_1",))
            features = self.judge(painted, exact)
        seen, wanted = distances.moments_of(features), self.wanted[exact]
        found = {
            "content": distances.content_distance(features, shapes),
            "style": distances.statistics_distance(seen, wanted, tuple(seen)),
            "gram": distances.gram_distance(seen, wanted),
            "variation": distances.total_variation(painted.float()),
        }
        if pair:
            later, halfway_later = self._painted(pair.later)
            found |= temporal_terms(recipe, pair, [painted, later], [halfway, halfway_later], self.net.stride)
        return found

    def _painted(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Paintings, and what the net computes at 1/4 of their size, behind its last block."""
        with watched(self.net.get_submodule(f"res{self.net.blocks}")) as seen:
            return self.lesson(pictures), seen[0]

    def export(self, card: Card, output: Path) -> Path:
        path = output / f"{card.name}.safetensors"
        save(self.averaged, card, path, dtype=torch.float16)
        return path

    @torch.no_grad()
    def sheet(self, path: Path) -> None:
        """Photos, and below them their paintings."""
        self.averaged.eval()
        painted = self.averaged(self.shown).clamp(0, 1)
        rows = [torch.cat(list(row), 2) for row in (self.shown, painted)]
        as_image(torch.cat(rows, 1)).save(path)
