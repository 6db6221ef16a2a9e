"""Try several settings of a recipe, one after the other, and compare what comes out."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from itertools import product
from pathlib import Path
from typing import Any

from vidstyle.errors import OptionError
from vidstyle.staging import StagedFile

from .recipe import Recipe, load_recipe
from .trainer import train

__all__ = ["parse_choices", "search", "trials"]

TABLE = "trials.csv"
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
    on_trial: Callable[[int, Mapping[str, Any]], None] = lambda number, row: None,
    on_progress: Callable[[dict[str, Any]], None] = lambda event: None,
    **settings: Any,
) -> list[dict[str, Any]]:
    """Train once for each of the attempts, into folders of their own, and return a row for each: what was tried, the
    terms of the loss at the end, samples and hours. The rows so far are in `output`/trials.csv at any time.

    given: settings laid over the recipe in every trial; `settings` as for `train`. A trial that was cut off goes on.
    """
    rows: list[dict[str, Any]] = []
    output.mkdir(parents=True, exist_ok=True)
    for number, attempt in enumerate(attempts):
        latest: dict[str, Any] = {}

        def follow(event: dict[str, Any], latest: dict[str, Any] = latest) -> None:
            latest.update(event)
            on_progress(event)

        where = output / f"{number:03}"
        _, report = train(load_recipe(recipe, **{**given, **attempt}), output=where, on_progress=follow, **settings)
        # A weight and its term have the same name.
        tried = {f"recipe.{key}": value for key, value in attempt.items()}
        terms = {f"loss.{key}": value for key, value in latest.items() if key not in NO_TERMS}
        rows.append({"trial": number, **tried, **terms, **report})
        _write(rows, output / TABLE)
        on_trial(number, rows[-1])
    return rows


def _write(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with StagedFile(path, overwrite=True) as file, file.path.open("w", newline="", encoding="utf-8") as text:
        table = csv.DictWriter(text, names)
        table.writeheader()
        table.writerows(rows)
