"""Lower an energy over the pixels of a picture.

An energy of features is not as steep for all changes: less for large shapes of light and dark than for fine ones, and
less for colours. L-BFGS begins each of its steps from a gradient in which that is evened out, and gets as low sooner.

Sources: Liu & Nocedal 1989 (L-BFGS); Bertsekas 1982 (steps within bounds); Gatys et al. 2017 (coarse to fine,
section 6).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

import torch
from torch import Tensor

from vidstyle.errors import OptionError

__all__ = ["descend", "sizes"]

HISTORY = 30
"""Steps that L-BFGS remembers, each as large as two pictures."""
EVEN_ABOVE, LOWEST = 0.2, 0.01
"""Cycles per pixel between which a change of lightness is steeper the finer it is."""
STEEPER = 0.75
"""Power of the frequency that it is steeper by."""
COLOUR = 1.5
"""How much less steep than fine changes of lightness those of colour are, at any size."""
FIRST = 0.02
"""Mean change of a pixel in the first step, of its range."""
DECREASE = 1e-4
"""Least share of what a step promises that it must bring. Nocedal & Wright 2006, section 3.1."""
SHORTEST = 1e-2
"""Share of a step below which what led to it is forgotten."""

Past = deque[tuple[Tensor, Tensor, Tensor]]
Look = Callable[[Tensor], tuple[float, Tensor]]
"""Pixels (1, 3, H, W) -> energy and its gradient."""


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

    energy: (1, 3, H, W) -> a number that can be differentiated, computed `steps` times; OptionError where it is not
    finite. on_step: receives how often it was computed, and it.
    """
    best, lowest, count = picture, math.inf, 0

    def look(pixels: Tensor) -> tuple[float, Tensor]:
        nonlocal best, lowest, count
        leaf = pixels.detach().requires_grad_()
        result = energy(leaf)
        (gradient,) = torch.autograd.grad(result, leaf)
        count, value = count + 1, result.item()
        if not math.isfinite(value):
            raise OptionError("the energy is no number; give smaller weights")
        if value < lowest:
            best, lowest = leaf.detach(), value
        on_step(count, value)
        return value, gradient

    minimize = _adam if optimizer == "adam" else _lbfgs
    with torch.enable_grad():
        minimize(look, picture.detach().clamp(0, 1), steps)
    return best


class _Evened:
    """Evens out how steep an energy is for changes (1, 3, H, W) of different size and colour; power 0.5: half."""

    def __init__(self, like: Tensor, power: float = 1.0) -> None:
        self.size = like.shape[-2:]
        rows = torch.fft.fftfreq(self.size[0], device=like.device)
        columns = torch.fft.rfftfreq(self.size[1], device=like.device)
        frequency = torch.hypot(rows[:, None], columns).clamp_min(LOWEST)  # (H, W / 2 + 1), cycles per pixel
        self.gain = (EVEN_ABOVE / frequency).clamp_min(1) ** (power * STEEPER)
        self.colour = COLOUR**power

    def __call__(self, x: Tensor) -> Tensor:
        light = x.mean(1, keepdim=True)
        return self.colour * (x - light) + torch.fft.irfft2(torch.fft.rfft2(light) * self.gain, s=self.size)


def _free(pixels: Tensor, gradient: Tensor) -> Tensor:
    """Where a step downhill stays within [0, 1]."""
    return ((pixels > 0) | (gradient < 0)) & ((pixels < 1) | (gradient > 0))


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return torch.dot(a.flatten(), b.flatten())


def _lbfgs(look: Look, pixels: Tensor, steps: int) -> None:
    """L-BFGS over the pixels that are free to move. Steps end at the bounds, and are shortened until they lead down."""
    evened, scale = _Evened(pixels), None
    past: Past = deque(maxlen=HISTORY)  # steps, changes of the gradient, 1 / their product
    value, gradient = look(pixels)
    length = 1.0
    for _ in range(steps - 1):
        if length == 1:
            way = _downhill(gradient, _free(pixels, gradient), past, evened, scale)
        there = (pixels + length * way).clamp(0, 1)
        found, slope = look(there)
        promised = _dot(gradient, there - pixels).item()
        if found > value + DECREASE * promised:
            # The lowest point of the parabola through what is known, within reason.
            length *= min(max(-promised / (2 * max(found - value - promised, 1e-30)), 0.1), 0.5)
            if length < SHORTEST:
                past.clear()
                length = 1.0
            continue
        step, change = there - pixels, slope - gradient
        curvature = _dot(step, change)
        if curvature > 1e-10 * step.norm() * change.norm():
            past.append((step, change, 1 / curvature))
            scale = curvature / _dot(change, evened(change))
        pixels, value, gradient, length = there, found, slope, 1.0


def _downhill(gradient: Tensor, free: Tensor, past: Past, evened: _Evened, scale: Tensor | None) -> Tensor:
    """The two loops of L-BFGS, Nocedal & Wright 2006, algorithm 7.4, `scale` · `evened` being what they begin with."""
    way, shares = gradient * free, []
    for step, change, inverse in reversed(past):
        shares.append(inverse * _dot(step, way))
        way = way - shares[-1] * change
    way = evened(way)
    way = way * (FIRST / way.abs().mean().clamp_min(1e-12) if scale is None else scale)
    for (step, change, inverse), share in zip(past, reversed(shares), strict=True):
        way = way + step * (share - inverse * _dot(change, way))
    return -way * free


def _adam(look: Look, picture: Tensor, steps: int) -> None:
    """Adam over a correction that is seen through the root of what evens gradients out: seen so, slopes are even."""
    root, correction = _Evened(picture, 0.5), torch.zeros_like(picture)
    adam = torch.optim.Adam([correction], lr=0.02)
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps, eta_min=0.002)
    for _ in range(steps):
        corrected = picture + root(correction)
        _, gradient = look(corrected.clamp(0, 1))
        correction.grad = root(gradient * _free(corrected, gradient))
        adam.step()
        rate.step()
