"""What is trained, how far it is, and how it is kept."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vidstyle.errors import InputError, ModelError
from vidstyle.staging import StagedFile
from vidstyle.zoo import Card

from .recipe import Recipe
from .schedule import learning_rate

__all__ = ["MEMORY", "Run"]

MEMORY = 0.98
"""Decay of the running means that are reported."""


class Run(ABC):
    """A net in training. `averaged` is the running mean of its weights, which is what comes out.

    `lesson` computes in the precision that Fabric was asked for; what judges it does so within `fabric.autocast`, and
    losses are taken in float32.
    """

    def __init__(self, fabric: Any, recipe: Recipe, net: nn.Module, lesson: nn.Module) -> None:
        """lesson: the module, around `net` or itself the net, that `terms` calls."""
        self.fabric, self.recipe, self.net = fabric, recipe, net
        lesson = lesson.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        learning = [parameter for parameter in lesson.parameters() if parameter.requires_grad]
        optimizer = torch.optim.Adam(learning, lr=recipe.learning_rate, betas=(0.9, 0.99))
        self.lesson, self.optimizer = fabric.setup(lesson, optimizer)
        self.averaged = deepcopy(net)
        self.step, self.samples, self.seconds = 0, 0, 0.0
        self.batch = recipe.batch
        self.means: dict[str, Tensor] = {}

    @abstractmethod
    def terms(self, progress: float) -> dict[str, Tensor]:
        """The terms of one step's loss, `progress` of the way from 0 to 1; their weights are the recipe's.

        Sets `batch`, how many pictures the step has seen, where that is not the recipe's.
        """

    @abstractmethod
    def export(self, card: Card, output: Path) -> Path:
        """Write the model so far into a folder."""

    @abstractmethod
    def sheet(self, path: Path) -> None:
        """Write a picture of what the model can do so far."""

    def learn(self, progress: float) -> None:
        """One step."""
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.recipe, self.step, progress)
        found = self.terms(progress)
        self.optimizer.zero_grad()
        self.fabric.backward(torch.stack([getattr(self.recipe, name) * term for name, term in found.items()]).sum())
        # What is no number is found by `report`, and said in one line.
        self.fabric.clip_gradients(self.lesson, self.optimizer, max_norm=self.recipe.clip, error_if_nonfinite=False)
        self.optimizer.step()
        self.step += 1
        self.samples += self.batch
        self._follow()
        if not found.keys() & self.means.keys():  # a new part of the run
            self.means.clear()
        for name, term in found.items():
            self.means[name] = MEMORY * self.means.get(name, term.detach()) + (1 - MEMORY) * term.detach()

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the mean towards the net. Its memory grows with the run: the first steps are soon forgotten."""
        decay = min(self.recipe.average, self.step / (self.step + 9))
        torch._foreach_lerp_(list(self.averaged.parameters()), list(self.net.parameters()), 1 - decay)

    def report(self) -> dict[str, float]:
        """Running means of the terms. InputError where they are no longer numbers."""
        report = {name: value.item() for name, value in self.means.items()}
        if not all(math.isfinite(value) for value in report.values()):
            raise InputError(f"the loss is no number at step {self.step}; lower the recipe's learning_rate")
        return report

    def save(self, path: Path) -> None:
        """A checkpoint under its final name only when it is whole."""
        state = self._modules() | {
            "step": self.step,
            "samples": self.samples,
            "seconds": self.seconds,
            "random": torch.get_rng_state(),
            "cuda_random": torch.cuda.get_rng_state_all(),
        }
        with StagedFile(path, overwrite=True) as file:
            self.fabric.save(file.path, state)

    def restore(self, path: Path) -> None:
        """Go on where a checkpoint left off, random numbers included."""
        try:
            rest = self.fabric.load(path, self._modules(), weights_only=True)
            self.step, self.samples, self.seconds = rest["step"], rest["samples"], rest["seconds"]
            torch.set_rng_state(rest["random"])
            torch.cuda.set_rng_state_all(rest["cuda_random"])
        except Exception as error:  # a damaged file fails in many ways
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise ModelError(f"{path} does not fit this recipe: {reason}; give another --out or --restart") from None

    def _modules(self) -> dict[str, Any]:
        return {"lesson": self.lesson, "averaged": self.averaged, "optimizer": self.optimizer}
