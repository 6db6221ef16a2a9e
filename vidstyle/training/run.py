"""What is trained, how far it is, and how it is kept."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vidstyle.errors import ModelError
from vidstyle.runtime.device import memory_format
from vidstyle.staging import StagedFile
from vidstyle.zoo import Card

from .recipe import Recipe
from .schedule import learning_rate

__all__ = ["MEMORY", "Run"]

MEMORY = 0.98
"""Decay of the running means that are reported."""
LARGEST = torch.finfo(torch.float16).max
"""Of the numbers in a model's file."""


class Run(ABC):
    """A net in training. `averaged` is the running mean of its weights, which is what comes out.

    `lesson` computes in the precision that Fabric was asked for; what judges it does so within `fabric.autocast`, and
    losses are taken in float32.
    """

    def __init__(self, fabric: Any, recipe: Recipe, net: nn.Module, lesson: nn.Module) -> None:
        """lesson: the module, around `net` or itself the net, that `terms` calls."""
        self.fabric, self.recipe, self.net = fabric, recipe, net
        lesson = lesson.to(memory_format=memory_format(fabric.device))  # type: ignore[call-overload]
        self.lesson, *optimizers = fabric.setup(lesson, *self.teach(lesson))
        self.optimizers: list[torch.optim.Optimizer] = optimizers
        self.averaged = deepcopy(net)
        self.step, self.samples, self.seconds = 0, 0, 0.0
        self.batch = recipe.batch
        self.about = ""
        """What a checkpoint must be of, to go on with it."""
        self.ended = False
        """The schedule is over: what is exported now is the result."""
        self.means: dict[str, Tensor] = {}

    def teach(self, lesson: nn.Module) -> list[torch.optim.Optimizer]:
        """The optimizers of all that learns."""
        return [self.adam(parameter for parameter in lesson.parameters() if parameter.requires_grad)]

    def adam(self, learning: Iterable[Tensor]) -> torch.optim.Optimizer:
        return torch.optim.Adam(learning, lr=self.recipe.learning_rate, betas=(0.9, 0.99))

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
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(self.recipe, self.step, progress)
        found = self.terms(progress)
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        self.fabric.backward(torch.stack([getattr(self.recipe, name) * term for name, term in found.items()]).sum())
        # What is no number is found by `sound`, and said in one line.
        first = self.optimizers[0]  # all gradients are clipped together, whichever is named
        self.fabric.clip_gradients(self.lesson, first, max_norm=self.recipe.clip, error_if_nonfinite=False)
        for optimizer in self.optimizers:
            optimizer.step()
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
        """Running means of the terms."""
        return {name: value.item() for name, value in self.means.items()}

    @torch.no_grad()
    def sound(self) -> bool:
        """Whether the terms are numbers, and all weights such as a model's file can hold."""
        modules = [module for module in self._modules().values() if isinstance(module, nn.Module)]
        largest = [weight.abs().amax() for module in modules for weight in module.parameters() if weight.numel()]
        weights = torch.stack([value.float() for value in largest]).amax().item()
        # Comparisons with what is no number are false.
        return weights <= LARGEST and all(math.isfinite(value) for value in self.report().values())

    def save(self, path: Path) -> None:
        """A checkpoint under its final name only when it is whole."""
        state = self._modules() | {
            "step": self.step,
            "samples": self.samples,
            "seconds": self.seconds,
            "random": torch.get_rng_state(),
            "cuda_random": torch.cuda.get_rng_state_all(),
            "about": self.about,
        }
        with StagedFile(path, overwrite=True) as file:
            self.fabric.save(file.path, state)

    def restore(self, path: Path) -> None:
        """Go on where a checkpoint left off, random numbers included."""
        try:
            rest = self.fabric.load(path, self._modules(), weights_only=True)
            if rest.get("about", self.about) != self.about:
                raise ValueError(f"it is of {rest['about']}, not of {self.about}")
            self.step, self.samples, self.seconds = rest["step"], rest["samples"], rest["seconds"]
            torch.set_rng_state(rest["random"])
            torch.cuda.set_rng_state_all(rest["cuda_random"])
        except Exception as error:  # a damaged file fails in many ways
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise ModelError(f"{path} does not fit this recipe: {reason}; give another --out or --restart") from None

    def _modules(self) -> dict[str, Any]:
        optimizers = {f"optimizer_{number}": optimizer for number, optimizer in enumerate(self.optimizers)}
        return {"lesson": self.lesson, "averaged": self.averaged, **optimizers}
