"""Training of a net to paint as another one does, on photos alone.

Sources: Hinton et al. 2015, "Distilling the Knowledge in a Neural Network"; Li et al. 2020, "GAN Compression"
(distillation of generators, without the discriminator).
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vidstyle.nets.int8 import calibrate
from vidstyle.nets.layered import OneStyleNet
from vidstyle.perception import distances
from vidstyle.perception.encoder import Perceptual
from vidstyle.pictures import as_image
from vidstyle.runtime.device import memory_format
from vidstyle.zoo import Card, save

from .pictures import Pictures
from .recipe import DistilRecipe
from .run import Run

__all__ = ["DistilRun"]

CALIBRATION = 64
"""Photos from which a finished net learns the ranges for whole numbers."""


class DistilRun(Run):
    """A net for one style or domain, whose paintings of photos become those of `teacher`."""

    recipe: DistilRecipe
    net: OneStyleNet
    averaged: OneStyleNet

    def __init__(
        self,
        fabric: Any,
        recipe: DistilRecipe,
        net: OneStyleNet,
        teacher: OneStyleNet,
        judge: Perceptual,
        contents: Pictures,
        shown: Tensor,
    ) -> None:
        """shown: contents (N, 3, H, W) for the sheets."""
        net = net.to(fabric.device)
        net.ranges = None  # of the weights it begins with, not of those it will have
        super().__init__(fabric, recipe, net, net)
        self.teacher = teacher.to(fabric.device).requires_grad_(False)
        self.teacher.to(memory_format=memory_format(fabric.device))  # type: ignore[call-overload]
        self.judge, self.contents, self.shown = judge, contents, shown

    def terms(self, progress: float) -> dict[str, Tensor]:
        content = self.contents.sample(self.recipe.batch, self.recipe.crop)
        with torch.no_grad(), self.fabric.autocast():
            wanted = self.teacher(content).float().clamp(0, 1)
            target = self.judge(wanted)
        painted = self.lesson(content).float()
        with self.fabric.autocast():
            seen = self.judge(painted)
        return {
            "pixels": (painted - wanted).abs().mean(),
            "features": distances.feature_distance(seen, target),
        }

    def export(self, card: Card, output: Path) -> Path:
        path = output / f"{card.name}.safetensors"
        net = self.averaged
        if self.ended:  # ranges take a while, and the next steps would change them
            net = deepcopy(net).eval()
            calibrate(net, ((content, None) for content in self.contents.spread(CALIBRATION).split(1)))
        save(net, card, path, dtype=torch.float16)
        return path

    @torch.no_grad()
    def sheet(self, path: Path) -> None:
        """Photos, below them the teacher's paintings, and the net's."""
        rows = [self.shown, *(net(self.shown).clamp(0, 1) for net in (self.teacher, self.averaged))]
        as_image(torch.cat([torch.cat(list(row), 2) for row in rows], 1)).save(path)
