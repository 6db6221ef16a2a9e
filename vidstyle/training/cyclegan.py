"""Training of two generators between two domains of pictures that are not paired.

Source: Zhu et al. 2017 (CycleGAN, equations 1 to 3, section 4 and appendix 7.1); Mao et al. 2017 (least squares); Gao
et al. 2018 (ReCoNet, steadiness).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vidstyle.nets.cyclegan import CycleGAN, Residual
from vidstyle.nets.patchgan import PatchGAN
from vidstyle.nets.protocol import FixedStyleNet
from vidstyle.nets.unet import UNet
from vidstyle.pictures import as_image
from vidstyle.zoo import Card, save

from .image_pool import ImagePool
from .pictures import Pictures
from .recipe import CycleRecipe
from .run import Run
from .schedule import learning_rate
from .steady import draw_pair, temporal_terms, watched

if TYPE_CHECKING:
    from .clips import Clips

__all__ = ["CycleRun"]


class Generators(nn.Module):
    """Both ways, as one call that covers all that needs gradients."""

    def __init__(self, forth: FixedStyleNet, back: FixedStyleNet) -> None:
        super().__init__()
        self.forth, self.back = forth, back

    def forward(self, a: Tensor, b: Tensor, same: bool, later: Tensor | None) -> tuple[dict[str, Tensor], list[Tensor]]:
        """Pictures of both domains -> paintings, and what comes back of them; what `forth` computes half-way.

        same: also what each way makes of pictures that are of its domain already. later: the pictures of a, moved; what
        is computed half-way is of these two.
        """
        with watched(_halfway(self.forth)) as halfway:
            found = {"b": self.forth.paint(a)}
            if later is not None:
                found["later"] = self.forth.paint(later)
        found["a"] = self.back.paint(b)
        found |= {"aba": self.back.paint(found["b"]), "bab": self.forth.paint(found["a"])}
        if same:
            found |= {"bb": self.forth.paint(b), "aa": self.back.paint(a)}
        return found, halfway


class Critics(nn.Module):
    """The discriminators of both domains, as one call."""

    def __init__(self, width: int, spectral: bool) -> None:
        super().__init__()
        self.a, self.b = PatchGAN(width, spectral=spectral), PatchGAN(width, spectral=spectral)

    def forward(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        return self.a(a), self.b(b)


class CycleRun(Run):
    """a are the pictures of `contents`, b those of `styles`."""

    recipe: CycleRecipe
    averaged: Generators

    def __init__(
        self,
        fabric: Any,
        recipe: CycleRecipe,
        names: tuple[str, str],
        a: Pictures,
        b: Pictures,
        shown: Tensor,
        clips: Clips | None = None,
    ) -> None:
        """names: of the domains; shown: pictures of a for the sheets; clips: of a, for the temporal terms, beside
        made-up motion."""
        generators = Generators(_generator(recipe), _generator(recipe)).to(fabric.device)
        super().__init__(fabric, recipe, generators, generators)
        critics = Critics(recipe.critic, recipe.spectral).to(fabric.device)
        _begin(critics)
        self.critics, self.critic_optimizer = fabric.setup(critics, self.adam(critics.parameters()))
        self.pools = {name: ImagePool(recipe.pool) for name in ("a", "b")}
        # Folders of one name would overwrite each other's model.
        self.names = names if names[0] != names[1] and all(names) else ("a", "b")
        self.a, self.b, self.shown, self.clips = a, b, shown, clips

    def adam(self, learning: Any) -> torch.optim.Optimizer:
        return torch.optim.Adam(learning, lr=self.recipe.learning_rate, betas=(0.5, 0.999))

    def terms(self, progress: float) -> dict[str, Tensor]:
        recipe = self.recipe
        pair = draw_pair(recipe, self.step, recipe.batch, recipe.crop, self.a, self.clips)
        a = pair.first if pair else self.a.sample(recipe.batch, recipe.crop)
        b = self.b.sample(recipe.batch, recipe.crop)
        # Clips are few: what a looks like is learnt from pictures alone.
        real = self.a.sample(recipe.batch, recipe.crop) if pair and pair.filmed else a
        painted, halfway = self.lesson(a, b, recipe.identity > 0, pair.later if pair else None)
        painted = {name: pictures.float() for name, pictures in painted.items()}
        self.critics.requires_grad_(False)
        judged = self.critics(painted["a"], painted["b"])
        self.critics.requires_grad_(True)
        apart = F.l1_loss if recipe.cycle_loss == "l1" else F.mse_loss
        found = {
            "adversarial": self._verdict(judged, True),
            "cycle": apart(painted["aba"], a) + apart(painted["bab"], b),
        }
        if recipe.identity > 0:
            found["identity"] = F.l1_loss(painted["bb"], b) + F.l1_loss(painted["aa"], a)
        if pair:
            paintings = [painted["b"], painted["later"]]
            found |= temporal_terms(recipe, pair, paintings, halfway, CycleGAN.stride)
        self.latest = (real, b), (painted["a"], painted["b"])
        return found

    def learn(self, progress: float) -> None:
        """A step of the generators, then one of the discriminators."""
        super().learn(progress)
        for group in self.critic_optimizer.param_groups:
            group["lr"] = learning_rate(self.recipe, self.step, progress)
        real, painted = self.latest
        old = [pool.swap(pictures) for pool, pictures in zip(self.pools.values(), painted, strict=True)]
        # Half as fast as the generators, as in the paper.
        loss = 0.5 * (self._verdict(self.critics(*real), True) + self._verdict(self.critics(*old), False))
        self.critic_optimizer.zero_grad()
        self.fabric.backward(loss)
        self.critic_optimizer.step()

    def _verdict(self, logits: tuple[Tensor, Tensor], real: bool) -> Tensor:
        """What it costs that both domains' logits do not say `real`."""
        cost = F.mse_loss if self.recipe.adversarial_loss == "lsgan" else F.binary_cross_entropy_with_logits
        return torch.stack([cost(found.float(), torch.full_like(found.float(), real)) for found in logits]).sum()

    def export(self, card: Card, output: Path) -> Path:
        """Both ways; the path of the first."""
        a, b = self.names
        paths = []
        for name, net in ((f"{a}2{b}", self.averaged.forth), (f"{b}2{a}", self.averaged.back)):
            paths.append(output / f"{name}.safetensors")
            kind = "unet" if isinstance(net, UNet) else card.architecture
            save(net, replace(card, name=name, architecture=kind), paths[-1], dtype=torch.float16)
        return paths[0]

    @torch.no_grad()
    def sheet(self, path: Path) -> None:
        """Pictures of a, below them their paintings, below those what comes back of them."""
        painted = self.averaged.forth.paint(self.shown)
        rows = [torch.cat(list(row), 2) for row in (self.shown, painted, self.averaged.back.paint(painted))]
        as_image(torch.cat(rows, 1)).save(path)

    def _modules(self) -> dict[str, Any]:
        return super()._modules() | {
            "critics": self.critics,
            "critic_optimizer": self.critic_optimizer,
            "pool_a": self.pools["a"],
            "pool_b": self.pools["b"],
        }


def _generator(recipe: CycleRecipe) -> FixedStyleNet:
    net: FixedStyleNet
    if recipe.generator == "unet":
        net = UNet(recipe.width)
    else:
        net = CycleGAN(recipe.width, int(recipe.generator.removeprefix("resnet")), resize=recipe.resize)
    _begin(net)
    return net


def _halfway(net: FixedStyleNet) -> nn.Module:
    """The layer to watch: of a ResNet its last block, at 1/4 of a frame's size; a U-Net has none, and shows nothing."""
    return next((layer for layer in reversed(list(net.modules())) if isinstance(layer, Residual)), net)


def _begin(net: nn.Module) -> None:
    """As in the paper: weights from N(0, 0.02)."""
    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)) and not hasattr(module, "parametrizations"):
            nn.init.normal_(module.weight, std=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
