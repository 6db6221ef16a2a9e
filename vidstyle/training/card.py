"""What the card of a trained model says."""

from __future__ import annotations

import subprocess
from dataclasses import asdict
from pathlib import Path

from vidstyle.zoo import Card

from .recipe import Recipe

__all__ = ["first_card"]


def first_card(recipe: Recipe, name: str, start: Card | None, teacher: str, data: str, licence: str) -> Card:
    """The card of a run that begins now from the model of `start`; its quality is what came before the run."""
    settings = asdict(recipe)
    if start is not None:
        settings["start_from"] = f"{start.name} {start.checksum[:16]}"
    if "taught_by" in settings:
        settings["taught_by"] = Path(settings["taught_by"]).name
    return Card(
        name=name,
        architecture=recipe.architecture,
        licence=licence,
        data=data,
        teacher=teacher,
        recipe=settings,
        commit=_commit(),
        quality={key: start.quality.get(key, 0) if start else 0 for key in ("samples", "hours")},
    )


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
