"""How far a run is, and the learning rate that follows from it."""

from __future__ import annotations

import math
import time

from .recipe import Recipe

__all__ = ["Clock", "learning_rate"]


class Clock:
    """How far a run is, from 0 to 1: by steps, or by minutes where the recipe gives them.

    `spent` is the seconds that earlier sessions of the same run took.
    """

    def __init__(self, recipe: Recipe, spent: float) -> None:
        self.recipe = recipe
        self.spent = spent
        self.started = time.monotonic()

    @property
    def seconds(self) -> float:
        return self.spent + time.monotonic() - self.started

    def progress(self, step: int) -> float:
        if self.recipe.minutes > 0:
            return min(1.0, self.seconds / (60 * self.recipe.minutes))
        return min(1.0, step / self.recipe.steps)


def learning_rate(recipe: Recipe, step: int, progress: float) -> float:
    """Linear warm-up, then down to `final_rate` of the peak: by a cosine, or in the second half by a line."""
    left = (1 + math.cos(math.pi * progress)) / 2 if recipe.decay == "cosine" else min(1.0, 2 - 2 * progress)
    share = recipe.final_rate + (1 - recipe.final_rate) * left
    return recipe.learning_rate * min(1.0, (step + 1) / recipe.warmup) * share
