"""Train an arbitrary-style network."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vidstyle.errors import InputError, MissingExtra, ModelError
from vidstyle.nets.brisk import Brisk
from vidstyle.temporal.losses import steadiness
from vidstyle.temporal.random_flow import random_flow
from vidstyle.temporal.warp import warp

from .losses import content_distance, gram_distance, statistics, statistics_distance, total_variation
from .perceptual import Perceptual, load_perceptual
from .pictures import Pictures, held_out, list_pictures
from .recipe import Recipe
from .sheet import sample_sheet

try:
    from lightning_fabric import Fabric
except ImportError:  # an extra; `train` says so
    Fabric = None  # type: ignore[assignment, misc]

__all__ = ["train"]

GRAM_LAYERS = ("relu2_1", "relu3_1", "relu4_1")
CHECKPOINT = "checkpoint.pt"


class Lesson(nn.Module):
    """The net together with its auxiliary task, so that one call covers all that needs gradients."""

    def __init__(self, net: Brisk, statistics_size: int) -> None:
        super().__init__()
        self.net = net
        self.guess = nn.Linear(net.sizes.embedding, statistics_size)

    def forward(self, contents: list[Tensor], style: Tensor) -> tuple[list[Tensor], Tensor]:
        """Contents, all to be painted in the same styles -> (paintings, guessed style statistics (N, S))."""
        embedding = self.net.style_encoder.embedding(style)
        code = self.net.style_encoder.predict(embedding)
        return [self.net.transformer(content, code) for content in contents], self.guess(embedding)


def style_target(features: dict[str, Tensor]) -> Tensor:
    """All style statistics of a batch in one row each, (N, S), compressed: large values must not rule."""
    return torch.cat([torch.cat(statistics(value.float()), 1) for value in features.values()], 1).log1p()


def losses(
    lesson: nn.Module, judge: Perceptual, content: Tensor, style: Tensor, recipe: Recipe, step: int, exact: bool
):
    """Every term of one step, unweighted, by its name in the recipe."""
    temporal = recipe.temporal > 0 and step % recipe.temporal_every == 0
    contents = [content]
    if temporal:
        # Sampled flow and noise: the painted picture must move with the picture.
        flow = random_flow(len(content), *content.shape[-2:], device=content.device)
        noise = torch.empty(len(content), 1, 1, 1, device=content.device).uniform_(0.001, 0.02)
        contents.append((warp(content, flow) + noise * torch.randn_like(content)).clamp(0, 1))
    painted, guessed = lesson(contents, style)
    with torch.no_grad():
        style_features = judge(style, exact)
        content_features = judge.distilled(content, taps=("relu4_1",))
    features = judge(painted[0], exact)
    terms = {
        "content": content_distance(features, content_features),
        "style": statistics_distance(features, style_features),
        "gram": gram_distance(features, style_features, GRAM_LAYERS),
        "variation": total_variation(painted[0]),
        "statistics": nn.functional.mse_loss(guessed.float(), style_target(style_features)),
    }
    if temporal:
        terms["temporal"] = steadiness(painted[0].float(), painted[1].float(), flow)
    return terms


class Clock:
    """How far a run is, from 0 to 1: by steps, or by minutes where the recipe gives them."""

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


def rate(recipe: Recipe, step: int, progress: float) -> float:
    """The learning rate: linear warm-up, then a cosine to `final_rate` of the peak."""
    cosine = recipe.final_rate + (1 - recipe.final_rate) * (1 + math.cos(math.pi * progress)) / 2
    return recipe.learning_rate * min(1.0, (step + 1) / recipe.warmup) * cosine


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

    `output` gets TensorBoard scalars, `sheet_STEP.png` every `sheet_every` steps and a checkpoint that a later call
    resumes from. `start_from` gives first weights. `precision` is Fabric's name; default bf16-mixed on a GPU, float32
    on a CPU. `on_progress` receives step, progress (0 to 1), seconds, samples per second and the terms of the loss.
    """
    if Fabric is None:
        raise MissingExtra("lightning-fabric", "train")
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise MissingExtra("tensorboard", "train") from None

    accelerator = {"auto": "auto", "cpu": "cpu", "cuda": "cuda", "mps": "mps"}[device]
    on_gpu = device == "cuda" or (device == "auto" and torch.cuda.is_available())
    fabric = Fabric(accelerator=accelerator, devices=1, precision=precision or ("bf16-mixed" if on_gpu else "32-true"))
    torch.manual_seed(recipe.seed)
    judge = load_perceptual(teachers).to(fabric.device)

    photo_paths, kept = held_out(list_pictures(photos), recipe.holdout)
    contents = Pictures(photo_paths, recipe.side, recipe.crop, (0.3, 1.0), fabric.device)
    styles = Pictures(list_pictures(paintings), recipe.side, recipe.crop, (0.3, 1.0), fabric.device)

    net = start_from or Brisk()
    with torch.no_grad():
        target = style_target(judge(torch.rand(1, 3, 64, 64, device=fabric.device)))
    lesson = Lesson(net, target.shape[1]).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(lesson.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.99))
    lesson, optimizer = fabric.setup(lesson, optimizer)

    output.mkdir(parents=True, exist_ok=True)
    state: dict[str, Any] = {
        "lesson": lesson,
        "optimizer": optimizer,
        "step": 0,
        "seconds": 0.0,
        "recipe": asdict(recipe),
    }
    if resume and (output / CHECKPOINT).exists():
        try:
            state |= fabric.load(output / CHECKPOINT, {"lesson": lesson, "optimizer": optimizer})
        except (RuntimeError, ValueError, KeyError) as error:
            raise ModelError(f"{output / CHECKPOINT} does not fit this recipe: {error}; give another --out") from None
    sample = None
    if kept:
        # Four contents that training never sees, eight styles.
        shown = Pictures(kept, recipe.side, recipe.crop, (1.0, 1.0), fabric.device).pixels
        sample = tuple(
            pixels[:: max(1, len(pixels) // n)][:n].float() / 255 for pixels, n in ((shown, 4), (styles.pixels, 8))
        )

    clock = Clock(recipe, state["seconds"])
    step, first = state["step"], state["step"]
    running: dict[str, float] = {}
    with SummaryWriter(output / "scalars") as writer:
        while (progress := clock.progress(step)) < 1:
            exact = progress >= recipe.exact_after
            for group in optimizer.param_groups:
                group["lr"] = rate(recipe, step, progress)
            content, style = contents.sample(recipe.batch), styles.sample(recipe.batch)
            with fabric.autocast():
                terms = losses(lesson, judge, content, style, recipe, step, exact)
            loss = sum(
                (getattr(recipe, name) * term for name, term in terms.items()), torch.zeros((), device=fabric.device)
            )
            if not torch.isfinite(loss):
                raise InputError(f"the loss is {loss.item()} at step {step}; lower the recipe's learning_rate")
            optimizer.zero_grad()
            fabric.backward(loss)
            fabric.clip_gradients(lesson, optimizer, max_norm=recipe.clip)
            optimizer.step()
            step += 1

            for name, term in terms.items():
                value = term.item()
                running[name] = 0.98 * running.get(name, value) + 0.02 * value
            if step % 20 == 0:
                for name, value in running.items():
                    writer.add_scalar(f"loss/{name}", value, step)
                if on_progress:
                    speed = recipe.batch * (step - first) / max(1e-6, clock.seconds - clock.spent)
                    on_progress(
                        {
                            "step": step,
                            "progress": progress,
                            "seconds": clock.seconds,
                            "samples_per_second": speed,
                            "exact": exact,
                            **running,
                        }
                    )
            if sample and (step % sheet_every == 0):
                sample_sheet(net, *sample, output / f"sheet_{step:06d}.png")
            if step % checkpoint_every == 0:
                _save(fabric, output, state, step, clock)
    _save(fabric, output, state, step, clock)
    if sample:
        sample_sheet(net, *sample, output / f"sheet_{step:06d}.png")
    return net, {"steps": step, "samples": step * recipe.batch, "hours": clock.seconds / 3600, "losses": running}


def _save(fabric: Any, output: Path, state: dict[str, Any], step: int, clock: Clock) -> None:
    """A checkpoint under its final name only when it is whole."""
    state |= {"step": step, "seconds": clock.seconds}
    fabric.save(output / f"{CHECKPOINT}.part", state)
    (output / f"{CHECKPOINT}.part").replace(output / CHECKPOINT)
