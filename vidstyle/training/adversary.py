"""A critic that learns to tell paintings from styles, for a painter to convince.

Sources: Gulrajani et al. 2017 (WGAN-GP, algorithm 1); Wang et al. 2018 (pix2pixHD, section 3.2: several sizes).
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vidstyle.nets.patchgan import PatchGAN

__all__ = ["Adversary", "Critics"]


class Critics(nn.Module):
    """A PatchGAN for pictures at full, half, … size: (N, 3, H, W) -> how real each is, (N,)."""

    def __init__(self, width: int, sizes: int) -> None:
        super().__init__()
        # Two strided convolutions: 34×34 pixels, about a stroke. Three would see no more of half a crop than itself.
        self.critics = nn.ModuleList(PatchGAN(width, depth=2) for _ in range(sizes))

    def forward(self, pictures: Tensor) -> Tensor:
        found = []
        for critic in self.critics:
            found.append(critic(pictures).mean((1, 2, 3)))
            pictures = F.avg_pool2d(pictures, 2)
        return torch.stack(found).mean(0)


class Adversary:
    """Critics and their optimizer. penalty: weight of how far the slope of what they say is from 1."""

    def __init__(self, fabric: Any, width: int, sizes: int, rate: float, penalty: float) -> None:
        self.fabric, self.rate, self.penalty = fabric, rate, penalty
        critics = Critics(width, sizes).to(fabric.device)
        optimizer = torch.optim.Adam(critics.parameters(), lr=rate, betas=(0.0, 0.9))
        self.critics, self.optimizer = fabric.setup(critics, optimizer)

    def unconvinced(self, painted: Tensor) -> Tensor:
        """What the painter is to lower, for paintings (N, 3, H, W)."""
        self.critics.requires_grad_(False)
        found = -self.critics(painted).float().mean()
        self.critics.requires_grad_(True)
        return found

    def learn(self, real: Tensor, painted: Tensor) -> Tensor:
        """A step of the critics; how far apart they find real pictures and paintings, both (N, 3, H, W)."""
        painted = painted.detach()
        apart = (self.critics(real) - self.critics(painted)).float().mean()
        share = torch.rand(len(real), 1, 1, 1, device=real.device)
        between = real.lerp(painted, share).requires_grad_()
        (slope,) = torch.autograd.grad(self.critics(between).float().sum(), between, create_graph=True)
        steep = slope.flatten(1).norm(dim=1)
        self.optimizer.zero_grad()
        self.fabric.backward(self.penalty * (steep - 1).square().mean() - apart)
        self.optimizer.step()
        return apart.detach()
