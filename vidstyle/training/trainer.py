"""Train an arbitrary-style network."""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vidstyle.errors import InputError, MissingExtra, ModelError, OptionError
from vidstyle.nets.conditioned import ConditionedNet
from vidstyle.perception.encoder import Perceptual, load_perceptual
from vidstyle.pictures import list_pictures
from vidstyle.staging import StagedFile, output_error
from vidstyle.zoo import load, untrained

from .export import first_card, save_trained
from .objective import Lesson, identity, style_target, terms
from .pictures import Pictures, held_out
from .recipe import Recipe
from .schedule import Clock, learning_rate
from .sheet import sample_sheet

__all__ = ["train"]

CHECKPOINT = "checkpoint.pt"
REPORT_EVERY = 20
MEMORY = 0.98
"""Decay of the running means that are reported."""


def train(
    recipe: Recipe,
    photos: Path,
    paintings: Path,
    teachers: Path,
    output: Path,
    *,
    unseen: Path | None = None,
    device: str = "auto",
    precision: str | None = None,
    resume: bool = True,
    data: str = "",
    licence: str = "unknown",
    sheet_every: int = 500,
    checkpoint_every: int = 200,
    on_progress: Callable[[dict[str, Any]], None] | None = None,
    note: Callable[[str], None] = lambda text: None,
) -> tuple[Path, dict[str, Any]]:
    """Train; return the model's file and a report of the run.

    teachers: folder of the perceptual encoders, or "torchvision"; see `load_perceptual`. unseen: folder of pictures to
    evaluate with; what looks like one of them is not trained on. `output` gets TensorBoard scalars, `sheet_STEP.png`
    every `sheet_every` steps, and every `checkpoint_every` steps a checkpoint that a later call resumes from and the
    model so far. The model's weights are a running mean of the net's. data, licence: what the model's card says of
    them. `precision` is Fabric's name; default bf16-mixed on a GPU, float32 on a CPU. `on_progress` receives step,
    progress (0 to 1), seconds, samples per second and the terms of the loss; `note` one-line remarks.
    """
    torch.manual_seed(recipe.seed)
    start = load(recipe.start_from) if recipe.start_from else None
    if start is not None and start.card.architecture != recipe.architecture:
        raise ModelError(f"{recipe.start_from} is no {recipe.architecture}, which the recipe is for")
    net = start.net if start else untrained(recipe.architecture)
    assert isinstance(net, ConditionedNet)
    fabric = _fabric(device, precision)
    photo_paths, kept = held_out(list_pictures(photos), recipe.holdout)
    contents = Pictures(photo_paths, recipe.side, recipe.crop, (0.3, 1.0), fabric.device)
    styles = Pictures(list_pictures(paintings), recipe.side, recipe.crop, (0.3, 1.0), fabric.device)
    if unseen is not None:
        aside = Pictures(list_pictures(unseen), recipe.side, recipe.crop, (1.0, 1.0), fabric.device)
        left_out = contents.leave_out(aside) + styles.leave_out(aside)
        data = f"{data}; without {left_out} that are also in {unseen.name}"
    card = first_card(recipe, start.card if start else None, data, licence)
    for line in contents.damaged + styles.damaged:
        note(f"left out: {line}")
    judge = load_perceptual(teachers, contents.spread(16).cpu()).to(fabric.device)
    # Contents that training never sees, if any were kept.
    shown = Pictures(kept, recipe.side, recipe.crop, (1.0, 1.0), fabric.device) if kept else contents
    sample = shown.spread(4), styles.spread(8)

    output.mkdir(parents=True, exist_ok=True)
    run = Run(fabric, recipe, net, judge)
    if resume and (output / CHECKPOINT).exists():
        run.restore(output / CHECKPOINT)
    clock = Clock(recipe, run.seconds)
    first = run.step

    def save() -> tuple[Path, dict[str, Any]]:
        run.seconds = clock.seconds
        run.save(output / CHECKPOINT)
        report = {"steps": run.step, "samples": run.step * recipe.batch, "hours": run.seconds / 3600}
        return save_trained(run.averaged, card, report, output), report

    def sheet() -> None:
        sample_sheet(run.averaged, *sample, path=output / f"sheet_{run.step:06d}.png")

    with _writer(output) as writer:
        try:
            while (progress := clock.progress(run.step)) < 1:
                run.learn(contents, styles, progress)
                if run.step % REPORT_EVERY == 0:
                    report = run.report()
                    for name, value in report.items():
                        writer.add_scalar(f"loss/{name}", value, run.step)
                    if on_progress:
                        speed = recipe.batch * (run.step - first) / max(1e-6, clock.seconds - clock.spent)
                        rest = {"seconds": clock.seconds, "samples_per_second": speed, **report}
                        on_progress({"step": run.step, "progress": progress, **rest})
                if run.step % sheet_every == 0:
                    sheet()
                if run.step % checkpoint_every == 0:
                    save()
        except BaseException as stop:
            # An interrupt costs nothing; an error may have spoilt the weights.
            if not isinstance(stop, Exception):
                save()
            raise
    sheet()
    return save()


class Run:
    """What is trained, how far it is, and how it is kept.

    `averaged` is the running mean of the net's weights, which is what comes out.
    """

    def __init__(self, fabric: Any, recipe: Recipe, net: ConditionedNet, judge: Perceptual) -> None:
        self.fabric, self.recipe, self.net, self.judge = fabric, recipe, net, judge
        with torch.no_grad():
            target = style_target(judge(torch.rand(1, 3, 64, 64, device=fabric.device)))
        lesson = Lesson(net, target.shape[1]).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimizer = torch.optim.Adam(lesson.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.99))
        self.lesson, self.optimizer = fabric.setup(lesson, optimizer)
        self.averaged = deepcopy(net)
        self.step, self.seconds = 0, 0.0
        self.means: dict[str, Tensor] = {}

    def learn(self, contents: Pictures, styles: Pictures, progress: float) -> None:
        """One step, `progress` of the way from 0 to 1."""
        recipe = self.recipe
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(recipe, self.step, progress)
        with self.fabric.autocast():
            content = contents.sample(recipe.batch)
            if self.step < recipe.identity_steps:
                found = identity(self.lesson, content)
            else:
                temporal = recipe.temporal > 0 and self.step % recipe.temporal_every == 0
                exact = progress >= recipe.exact_after
                found = terms(self.lesson, self.judge, content, styles.sample(recipe.batch), recipe, temporal, exact)
        self.optimizer.zero_grad()
        self.fabric.backward(torch.stack([getattr(recipe, name) * term for name, term in found.items()]).sum())
        self.fabric.clip_gradients(self.lesson, self.optimizer, max_norm=recipe.clip)
        self.optimizer.step()
        self.step += 1
        self._follow()
        if self.step == recipe.identity_steps:
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
            "seconds": self.seconds,
            "recipe": asdict(self.recipe),
            "random": torch.get_rng_state(),
            "cuda_random": torch.cuda.get_rng_state_all(),
        }
        with StagedFile(path, overwrite=True) as file:
            try:
                self.fabric.save(file.path, state)
            except RuntimeError as error:  # PyTorch's name for a failed write
                raise output_error(path, error) from None

    def restore(self, path: Path) -> None:
        """Go on where a checkpoint left off, random numbers included."""
        try:
            rest = self.fabric.load(path, self._modules())
            self.step, self.seconds = rest["step"], rest["seconds"]
            torch.set_rng_state(rest["random"])
            torch.cuda.set_rng_state_all(rest["cuda_random"])
        except (RuntimeError, ValueError, KeyError) as error:
            raise ModelError(f"{path} does not fit this recipe: {error}; give another --out") from None

    def _modules(self) -> dict[str, Any]:
        return {"lesson": self.lesson, "averaged": self.averaged, "optimizer": self.optimizer}


def _fabric(device: str, precision: str | None) -> Any:
    try:
        from lightning_fabric import Fabric
    except ImportError:
        raise MissingExtra("lightning-fabric", "train") from None
    if device not in ("auto", "cpu", "cuda", "mps"):
        raise OptionError(f"no device is called {device}; choose auto, cpu, cuda or mps")
    on_gpu = device == "cuda" or (device == "auto" and torch.cuda.is_available())
    names: Any = precision or ("bf16-mixed" if on_gpu else "32-true")
    return Fabric(accelerator=device, devices=1, precision=names)


def _writer(output: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise MissingExtra("tensorboard", "train") from None
    return SummaryWriter(output / "scalars")
