"""From a trained net to the file that is handed out."""

from __future__ import annotations

import subprocess
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from vidstyle.nets.conditioned import ConditionedNet
from vidstyle.zoo import Card, save

from .recipe import Recipe

__all__ = ["first_card", "save_trained"]


def first_card(recipe: Recipe, start: Card | None, data: str, licence: str) -> Card:
    """The card of a run that begins now from the model of `start`; its quality is what came before the run."""
    settings = asdict(recipe)
    if start is not None:
        settings["start_from"] = f"{start.name} {start.checksum[:16]}"
    return Card(
        name=recipe.architecture,
        architecture=recipe.architecture,
        licence=licence,
        data=data,
        teacher="VGG-19: distilled (relu1_1 … relu5_1), exact up to relu3_1 in the last part",
        recipe=settings,
        commit=_commit(),
        quality={key: start.quality.get(key, 0) if start else 0 for key in ("samples", "hours")},
    )


def save_trained(net: ConditionedNet, card: Card, report: dict[str, Any], output: Path) -> Path:
    """Write `output`/NAME.safetensors in float16, the run's samples and hours added to the card; returns the path."""
    samples, hours = card.quality["samples"] + report["samples"], card.quality["hours"] + report["hours"]
    path = output / f"{card.name}.safetensors"
    save(net, replace(card, quality={"samples": samples, "hours": round(hours, 2)}), path, dtype=torch.float16)
    return path


def _commit() -> str:
    """The commit of the code that ran, where it ran from a checkout."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
