"""Try several settings of a recipe, one after the other, and compare what comes out."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from itertools import product
from pathlib import Path
from typing import Any

from vidstyle.errors import OptionError, VidstyleError
from vidstyle.staging import StagedFile

from .recipe import Recipe, load_recipe
from .trainer import train

__all__ = ["parse_choices", "search", "trials"]

TABLE, ROW = "trials.csv", "row.json"
NO_TERMS = ("step", "progress", "seconds", "samples_per_second")
"""What a run reports beside the terms of its loss."""


def parse_choices(recipe: Recipe, texts: Sequence[str]) -> dict[str, list[Any]]:
    """FIELD=VALUE,VALUE … -> values of the field's type, by field. OptionError for what no recipe of this kind has."""
    kinds = {field.name: type(getattr(recipe, field.name)) for field in fields(recipe)}
    choices: dict[str, list[Any]] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        if not equals or not values or name not in kinds or kinds[name] is tuple:
            known = ", ".join(sorted(key for key, kind in kinds.items() if kind is not tuple))
            raise OptionError(f"--try {text} is not of the form FIELD=VALUE,VALUE with a field of: {known}")
        try:
            choices[name] = [_value(value, kinds[name]) for value in values.split(",")]
        except ValueError:
            raise OptionError(f"--try {text}: {name} takes values like {getattr(recipe, name)}") from None
    return choices


def _value(text: str, kind: type) -> Any:
    if kind is bool:
        if text not in ("true", "false"):
            raise ValueError(text)
        return text == "true"
    return kind(text)


def trials(choices: Mapping[str, Sequence[Any]], most: int | None = None, seed: int = 1) -> list[dict[str, Any]]:
    """Every combination of the choices, or `most` of them, drawn at random."""
    every = [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]
    if most is None or most >= len(every):
        return every
    return random.Random(seed).sample(every, most)


def search(
    recipe: str | Path,
    given: Mapping[str, Any],
    attempts: Sequence[Mapping[str, Any]],
    output: Path,
    on_progress: Callable[[dict[str, Any]], None] = lambda event: None,
    **settings: Any,
) -> list[dict[str, Any]]:
    """Train once for each of the attempts, into folders named after them, and return a row for each: what was tried,
    the terms of the loss at the end, samples and hours, or why it failed.

    given: settings laid over the recipe in every trial; `settings` as for `train`. The rows so far are in
    `output`/trials.csv at any time. A trial that was cut off goes on; one that ended is not repeated. OptionError,
    before the first trial, for values that the recipe does not take.
    """
    recipes = [load_recipe(recipe, **{**given, **attempt}) for attempt in attempts]
    output.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for attempt, settled in zip(attempts, recipes, strict=True):
        where = output / ",".join(f"{key}={value}" for key, value in attempt.items())
        rows.append(_ended(where) or _trial(settled, attempt, where, on_progress, settings))
        _write(rows, output / TABLE)
    return rows


def _ended(folder: Path) -> dict[str, Any] | None:
    """The row of a trial that ended there."""
    try:
        row = json.loads((folder / ROW).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return row if isinstance(row, dict) else None


def _trial(
    recipe: Recipe,
    attempt: Mapping[str, Any],
    folder: Path,
    on_progress: Callable[[dict[str, Any]], None],
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    latest: dict[str, Any] = {}

    def follow(event: dict[str, Any]) -> None:
        latest.update(event)
        on_progress(event)

    # A weight and its term have the same name.
    row = {f"recipe.{key}": value for key, value in attempt.items()}
    try:
        _, report = train(recipe, output=folder, on_progress=follow, **settings)
    except VidstyleError as error:
        return row | {"failed": str(error)}
    row |= {f"loss.{key}": value for key, value in latest.items() if key not in NO_TERMS}
    row |= report
    with StagedFile(folder / ROW, overwrite=True) as file:
        file.path.write_text(json.dumps(row), encoding="utf-8")
    return row


def _write(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with StagedFile(path, overwrite=True) as file, file.path.open("w", newline="", encoding="utf-8") as text:
        table = csv.DictWriter(text, names)
        table.writeheader()
        table.writerows(rows)
