"""Follow every place of a frame to another one, through all the frames between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .cuts import is_cut
from .flow import FlowEstimator
from .raster import apart, blurred, faded, moved
from .warp import within

__all__ = ["Chain", "agreement", "another_shot"]

DIFFERENCE = 0.06
"""Of luma, at which a place that was followed is hardly believed to be the same."""
NOISE, AROUND = 0.03, 1 / 20
"""The same of a place that goes with its surroundings, and how far around they are: deviation over the longer side."""

FOUND_AGAIN = 0.5
"""Share of a frame that is found in the one before, from which on a sudden change is no cut."""


@dataclass(frozen=True)
class Chain:
    """flow: (1, 2, h, w) in pixels, from a frame to the one followed to. trust: (1, 1, h, w) in [0, 1]."""

    flow: Tensor
    trust: Tensor

    @classmethod
    def at(cls, seen: Tensor) -> Chain:
        """From a frame, (1, 1, h, w), to itself."""
        return cls(seen.new_zeros(1, 2, *seen.shape[-2:]), torch.ones_like(seen))

    @classmethod
    def between(cls, estimate: FlowEstimator, first: Tensor, second: Tensor) -> Chain:
        """From one frame to another; both luma, (1, 1, h, w) in [0, 1]."""
        return cls._sure(estimate(first, second), estimate(second, first), first, second)

    @classmethod
    def both_ways(cls, estimate: FlowEstimator, first: Tensor, second: Tensor) -> tuple[Chain, Chain]:
        """From one frame to another and back; both luma, (1, 1, h, w) in [0, 1]."""
        there, back = estimate(first, second), estimate(second, first)
        return cls._sure(there, back, first, second), cls._sure(back, there, second, first)

    @classmethod
    def _sure(cls, flow: Tensor, opposite: Tensor, first: Tensor, second: Tensor) -> Chain:
        """A flow and how far it can be trusted.

        What is flat seems to move anywhere, by noise or as the light changes: where the opposite does not lead home, it
        goes with its surroundings, if what is found there looks the same.
        """
        agreed = agreement(flow, opposite)
        wide = AROUND * max(flow.shape[-2:])
        around = blurred(flow * agreed, wide) / blurred(agreed, wide).clamp_min(1e-3)
        differs = blurred(apart(moved(second, around, cubic=False), first), 1.0)
        alike = (1 - agreed) * faded((differs / NOISE).square()) * within(around)
        return cls(torch.lerp(flow, around, alike), agreed + alike)

    def extended(self, step: Chain) -> Chain:
        """From the next frame. step: from it to the one that this chain begins at."""
        flow = step.flow + moved(self.flow, step.flow, cubic=False)
        return Chain(flow, step.trust * moved(self.trust, step.flow, cubic=False))

    def checked(self, first: Tensor, last: Tensor) -> Tensor:
        """Trust (1, 1, h, w) where the two ends, both luma (1, 1, h, w) in [0, 1], also look alike."""
        differs = blurred(apart(moved(last, self.flow, cubic=False), first), 1.0)
        return self.trust * faded((differs / DIFFERENCE).square())


def another_shot(before: np.ndarray, now: np.ndarray, trust: Tensor) -> bool:
    """Whether a cut lies between two neighbouring frames, given their thumbnails and the trust of the step between."""
    return is_cut(before, now) and float(trust.mean()) < FOUND_AGAIN


def agreement(flow: Tensor, opposite: Tensor) -> Tensor:
    """How far the way there and back leads home, (1, 1, h, w) in [0, 1]; 0 where it leaves the picture.

    Source: Ruder et al. 2016, section 3.2, whose limit is where this is 1/e.
    """
    returned = moved(opposite, flow, cubic=False)
    mismatch = (flow + returned).square().sum(1, keepdim=True)
    allowed = 0.01 * (flow.square() + returned.square()).sum(1, keepdim=True) + 0.5
    return faded((mismatch / allowed).square()) * within(flow)
