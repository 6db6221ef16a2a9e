"""Lower an energy over the pixels of a picture.

What is looked for is not the pixels but corrections to them at several sizes, added up. An energy of features is
steeper the finer a change is; seen by such corrections it is more even, and L-BFGS gets as low in fewer steps.

Sources: Liu & Nocedal 1989 (L-BFGS); Gatys et al. 2017 (coarse to fine, section 6).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.errors import OptionError

__all__ = ["descend", "sizes"]

HISTORY, ROOM = range(10, 101), 1 << 29
"""Steps that L-BFGS remembers, each as large as two pictures and two thirds: as many as so many bytes have room for."""
OCTAVES = 3
"""Sizes of the corrections, each half the one before."""
SHARE = 0.85
"""What a correction counts for, against the one of twice its size."""


def sizes(height: int, width: int, coarsest: int) -> list[tuple[int, int]]:
    """Heights and widths, halved as long as both stay at `coarsest` or above; coarse ones first."""
    halvings = 0
    while min(height, width) >> (halvings + 1) >= coarsest:
        halvings += 1
    return [(height >> k, width >> k) for k in range(halvings, -1, -1)]


class _Within(torch.autograd.Function):
    """Clamps to [0, 1]; where a value is outside, the gradient passes only if it leads back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.clamp(0, 1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (x,), (gradient,) = ctx.saved_tensors, gradients
        return gradient.masked_fill(((x < 0) & (gradient > 0)) | ((x > 1) & (gradient < 0)), 0)


def _corrected(picture: Tensor, corrections: list[Tensor]) -> Tensor:
    """A picture (1, 3, H, W) and corrections, the largest first -> their sum, in [0, 1]."""
    total = corrections[-1]
    for finer in reversed(corrections[:-1]):
        larger = F.interpolate(total, finer.shape[-2:], mode="bilinear", align_corners=False)
        total = finer + SHARE * larger
    return _Within.apply(picture + total)


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
    height, width = picture.shape[-2:]
    # Contiguous, as LBFGS views them.
    corrections = [
        torch.zeros(1, 3, -(-height >> k), -(-width >> k), device=picture.device, requires_grad=True)
        for k in range(OCTAVES)
    ]
    best, lowest, count = picture.detach().clamp(0, 1), float("inf"), 0

    def compute() -> Tensor:
        nonlocal best, lowest, count
        for correction in corrections:
            correction.grad = None
        pixels = _corrected(picture, corrections)
        value = energy(pixels)
        value.backward()
        count += 1
        if not math.isfinite(value.item()):
            raise OptionError("the energy is no number; give smaller weights")
        if value.item() < lowest:
            lowest, best = value.item(), pixels.detach()
        on_step(count, value.item())
        return value

    if optimizer == "adam":
        adam = torch.optim.Adam(corrections, lr=0.02)
        rate = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps, eta_min=0.002)
        for _ in range(steps):
            adam.step(compute)
            rate.step()
    else:
        step_bytes = 2 * sum(correction.nbytes for correction in corrections)
        # As many steps as asked for: an energy that hardly changes for one step may fall in the next.
        torch.optim.LBFGS(
            corrections,
            max_iter=steps,
            max_eval=steps,
            history_size=min(max(ROOM // step_bytes, HISTORY.start), HISTORY.stop - 1),
            line_search_fn="strong_wolfe",
            tolerance_grad=0,
            tolerance_change=0,
        ).step(compute)
    return best
