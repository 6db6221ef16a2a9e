"""From a trained net to the file that is handed out."""

from __future__ import annotations

import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from vidstyle.nets.brisk import Brisk
from vidstyle.zoo import Card, save

from .recipe import Recipe

__all__ = ["save_trained"]


def save_trained(net: Brisk, recipe: Recipe, report: dict[str, Any], output: Path, *, data: str, licence: str) -> Path:
    """Write `output`/ARCHITECTURE.safetensors in float16, with a card of the run; returns the path.

    data, licence: what the card says of them.
    """
    card = Card(
        name=recipe.architecture,
        architecture=recipe.architecture,
        licence=licence,
        data=data,
        teacher="VGG-19: distilled (relu1_1 … relu5_1), exact up to relu3_1 in the last part",
        recipe=asdict(recipe),
        commit=_commit(),
        quality={"samples": report["samples"], "hours": round(report["hours"], 2)},
    )
    path = output / f"{recipe.architecture}.safetensors"
    save(net, card, path, dtype=torch.float16)
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
