"""Training of a generator of pictures that could be among a folder's paintings.

Sources: Radford et al. 2016 (DCGAN, section 4); Goodfellow et al. 2014 (the loss that does not saturate); Salimans et
al. 2016, section 3.4 (one-sided label smoothing).
"""

from __future__ import annotations

import math
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vidstyle.nets.dcgan import DCGAN, FIRST, Critic, latent
from vidstyle.pictures import as_image
from vidstyle.zoo import Card, write

from .pictures import Pictures
from .recipe import DcganRecipe
from .run import Run
from .schedule import learning_rate

__all__ = ["DcganRun"]

SURE = 0.9
"""What critics are to say of real pictures."""
BATCHES = 16
"""From which the statistics of the mean net are taken."""
SHOWN = 24


class DcganRun(Run):
    """A generator and its critic."""

    recipe: DcganRecipe
    net: DCGAN
    averaged: DCGAN

    def __init__(self, fabric: Any, recipe: DcganRecipe, paintings: Pictures) -> None:
        doublings = round(math.log2(recipe.crop / FIRST))
        net = DCGAN(recipe.latent, recipe.width, doublings).to(fabric.device)
        _begin(net)
        super().__init__(fabric, recipe, net, net)
        critic = Critic(recipe.critic, doublings).to(fabric.device)
        _begin(critic)
        self.critic, self.critic_optimizer = fabric.setup(critic, self.adam(critic.parameters()))
        self.paintings = paintings

    def adam(self, learning: Any) -> torch.optim.Optimizer:
        return torch.optim.Adam(learning, lr=self.recipe.learning_rate, betas=(0.5, 0.999))

    def terms(self, progress: float) -> dict[str, Tensor]:
        z = torch.randn(self.recipe.batch, self.recipe.latent).to(self.fabric.device)
        painted = self.lesson(z)
        self.critic.requires_grad_(False)
        logits = self.critic(painted).float()
        self.critic.requires_grad_(True)
        self.latest = painted.detach()
        return {"adversarial": F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))}

    def learn(self, progress: float) -> None:
        """A step of the generator, then one of the critic."""
        super().learn(progress)
        for group in self.critic_optimizer.param_groups:
            group["lr"] = learning_rate(self.recipe, self.step, progress)
        real = self.paintings.sample(self.recipe.batch, self.recipe.crop)
        loss = torch.zeros((), device=self.fabric.device)
        for pictures, wanted in ((real, SURE), (self.latest, 0.0)):
            logits = self.critic(pictures).float()
            loss = loss + F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, wanted))
        self.critic_optimizer.zero_grad()
        self.fabric.backward(loss)
        self.critic_optimizer.step()

    def export(self, card: Card, output: Path) -> Path:
        path = output / f"{card.name}.safetensors"
        net = self._settled()
        state = {
            key: tensor.half() if tensor.is_floating_point() else tensor
            for key, tensor in net.state_dict().items()
            if not key.endswith("num_batches_tracked")
        }
        write(state, card, path)
        return path

    @torch.no_grad()
    def _settled(self) -> DCGAN:
        """The mean net, with statistics of its own in place of those of the nets that it is the mean of."""
        net = deepcopy(self.averaged).train()
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.reset_running_stats()
                module.momentum = None  # plain means
        with torch.random.fork_rng(devices=[]):
            for _ in range(BATCHES):
                net(torch.randn(self.recipe.batch, self.recipe.latent).to(self.fabric.device))
        return net.eval()

    @torch.no_grad()
    def sheet(self, path: Path) -> None:
        """Pictures of the first seeds."""
        z = torch.cat([latent(seed, self.recipe.latent) for seed in range(SHOWN)]).to(self.fabric.device)
        pictures = self._settled()(z)
        rows = [torch.cat(list(row), 2) for row in pictures.split(SHOWN // 3)]
        as_image(torch.cat(rows, 1)).save(path)

    def _modules(self) -> dict[str, Any]:
        return super()._modules() | {"critic": self.critic, "critic_optimizer": self.critic_optimizer}


def _begin(net: nn.Module) -> None:
    """As in the paper: weights from N(0, 0.02)."""
    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.normal_(module.weight, std=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
