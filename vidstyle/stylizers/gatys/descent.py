"""Lower an energy over the pixels of a picture.

Sources: Liu & Nocedal 1989 (L-BFGS); Gatys et al. 2017 (coarse to fine, section 6).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from vidstyle.errors import OptionError

__all__ = ["descend", "sizes"]

HISTORY = 20
"""Steps that L-BFGS remembers, each as large as two pictures."""


def sizes(height: int, width: int, coarsest: int) -> list[tuple[int, int]]:
    """Heights and widths, halved as long as both stay at `coarsest` or above; coarse ones first."""
    halvings = 0
    while min(height, width) >> (halvings + 1) >= coarsest:
        halvings += 1
    return [(height >> k, width >> k) for k in range(halvings, -1, -1)]


def descend(
    energy: Callable[[Tensor], Tensor],
    picture: Tensor,
    steps: int,
    optimizer: str = "lbfgs",
    on_step: Callable[[int, float], None] = lambda step, energy: None,
) -> Tensor:
    """A picture of lower energy, in [0, 1], from one (1, 3, H, W) to begin with.

    energy: (1, 3, H, W) -> a number that can be differentiated; OptionError where it is not finite. on_step: receives
    how often it was computed, and it.
    """
    pixels = picture.detach().clone(memory_format=torch.contiguous_format).requires_grad_()  # as LBFGS views it
    best, lowest, count = pixels.detach().clone(), float("inf"), 0

    def compute() -> Tensor:
        nonlocal lowest, count
        pixels.grad = None
        value = energy(pixels)
        value.backward()
        count += 1
        if not math.isfinite(value.item()):
            raise OptionError("the energy is no number; give smaller weights")
        if value.item() < lowest:
            lowest = value.item()
            best.copy_(pixels.detach())
        on_step(count, value.item())
        return value

    if optimizer == "adam":
        adam = torch.optim.Adam([pixels], lr=0.02)
        rate = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps, eta_min=0.002)
        for _ in range(steps):
            adam.step(compute)
            rate.step()
            with torch.no_grad():
                pixels.clamp_(0, 1)
    else:
        torch.optim.LBFGS(
            [pixels], max_iter=steps, max_eval=steps, history_size=HISTORY, line_search_fn="strong_wolfe"
        ).step(compute)
    return best.clamp_(0, 1)
