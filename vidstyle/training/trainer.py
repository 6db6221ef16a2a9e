"""Train an arbitrary-style network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vidstyle.errors import InputError, MissingExtra, ModelError, OptionError
from vidstyle.nets.brisk import Brisk
from vidstyle.perception.encoder import load_perceptual

from .objective import Lesson, style_target, terms
from .pictures import Pictures, held_out, list_pictures
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
    device: str = "auto",
    precision: str | None = None,
    start_from: Brisk | None = None,
    resume: bool = True,
    sheet_every: int = 500,
    checkpoint_every: int = 200,
    on_progress: Callable[[dict[str, Any]], None] | None = None,
) -> tuple[Brisk, dict[str, Any]]:
    """Train and return the net with a report of the run.

    teachers: folder of the perceptual encoders, or "torchvision"; see `load_perceptual`. `output` gets TensorBoard
    scalars, `sheet_STEP.png` every `sheet_every` steps and a checkpoint that a later call resumes from. `start_from`
    gives first weights. `precision` is Fabric's name; default bf16-mixed on a GPU, float32 on a CPU. `on_progress`
    receives step, progress (0 to 1), seconds, samples per second and the terms of the loss.
    """
    fabric = _fabric(device, precision)
    torch.manual_seed(recipe.seed)
    photo_paths, kept = held_out(list_pictures(photos), recipe.holdout)
    contents = Pictures(photo_paths, recipe.side, recipe.crop, (0.3, 1.0), fabric.device)
    styles = Pictures(list_pictures(paintings), recipe.side, recipe.crop, (0.3, 1.0), fabric.device)
    judge = load_perceptual(teachers, contents.spread(16).cpu()).to(fabric.device)
    # Contents that training never sees, if any were kept.
    shown = Pictures(kept, recipe.side, recipe.crop, (1.0, 1.0), fabric.device) if kept else contents
    sample = shown.spread(4), styles.spread(8)

    net = start_from or Brisk()
    with torch.no_grad():
        target = style_target(judge(torch.rand(1, 3, 64, 64, device=fabric.device)))
    lesson: Any = Lesson(net, target.shape[1])
    lesson.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(lesson.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.99))
    lesson, optimizer = fabric.setup(lesson, optimizer)
    state = {"lesson": lesson, "optimizer": optimizer, "step": 0, "seconds": 0.0, "recipe": asdict(recipe)}
    output.mkdir(parents=True, exist_ok=True)
    if resume and (output / CHECKPOINT).exists():
        try:
            state |= fabric.load(output / CHECKPOINT, {"lesson": lesson, "optimizer": optimizer})
        except (RuntimeError, ValueError, KeyError) as error:
            raise ModelError(f"{output / CHECKPOINT} does not fit this recipe: {error}; give another --out") from None

    clock = Clock(recipe, state["seconds"])
    step = first = state["step"]
    means: dict[str, Tensor] = {}
    with _writer(output) as writer:
        while (progress := clock.progress(step)) < 1:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(recipe, step, progress)
            temporal = recipe.temporal > 0 and step % recipe.temporal_every == 0
            exact = progress >= recipe.exact_after
            with fabric.autocast():
                content, style = contents.sample(recipe.batch), styles.sample(recipe.batch)
                found = terms(lesson, judge, content, style, recipe, temporal, exact)
            loss = torch.stack([getattr(recipe, name) * term for name, term in found.items()]).sum()
            optimizer.zero_grad()
            fabric.backward(loss)
            fabric.clip_gradients(lesson, optimizer, max_norm=recipe.clip)
            optimizer.step()
            step += 1

            for name, term in found.items():
                means[name] = MEMORY * means.get(name, term.detach()) + (1 - MEMORY) * term.detach()
            if step % REPORT_EVERY == 0:
                report = {name: value.item() for name, value in means.items()}
                if not torch.isfinite(loss):
                    raise InputError(f"the loss is {loss.item()} at step {step}; lower the recipe's learning_rate")
                for name, value in report.items():
                    writer.add_scalar(f"loss/{name}", value, step)
                if on_progress:
                    speed = recipe.batch * (step - first) / max(1e-6, clock.seconds - clock.spent)
                    rest = {"seconds": clock.seconds, "samples_per_second": speed, "exact": exact, **report}
                    on_progress({"step": step, "progress": progress, **rest})
            if step % sheet_every == 0:
                sample_sheet(net, *sample, path=output / f"sheet_{step:06d}.png")
            if step % checkpoint_every == 0:
                _save(fabric, output, state, step, clock)
    _save(fabric, output, state, step, clock)
    sample_sheet(net, *sample, path=output / f"sheet_{step:06d}.png")
    losses = {name: value.item() for name, value in means.items()}
    return net, {"steps": step, "samples": step * recipe.batch, "hours": clock.seconds / 3600, "losses": losses}


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


def _save(fabric: Any, output: Path, state: dict[str, Any], step: int, clock: Clock) -> None:
    """A checkpoint under its final name only when it is whole."""
    state |= {"step": step, "seconds": clock.seconds}
    fabric.save(output / f"{CHECKPOINT}.part", state)
    (output / f"{CHECKPOINT}.part").replace(output / CHECKPOINT)
