"""Smaller and faster forms of a model: narrower, trained on, and in whole numbers of 8 bits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vidstyle.errors import OptionError
from vidstyle.nets.conditioned import ConditionedNet
from vidstyle.nets.int8 import calibrate
from vidstyle.pictures import list_pictures, load_squares
from vidstyle.runtime.device import pick_device
from vidstyle.zoo import Card, load, save

from .pictures import held_out
from .pruning import narrowed
from .recipe import RECIPES, load_recipe
from .trainer import train

__all__ = ["Compressed", "compress"]

CALIBRATED_ON = 64
"""Pairs of pictures, at most."""
HOLDOUT = 12
"""Photos that are not trained on."""
SIDE = 256


@dataclass(frozen=True)
class Compressed:
    """forms: what a model was and became, each by name, file and precision; contents: photos to judge them by, which
    training has not seen."""

    forms: list[tuple[str, Path, str]]
    contents: list[Path]


def compress(
    model: str | Path,
    photos: Path,
    paintings: Path,
    output: Path,
    *,
    share: float = 1.0,
    minutes: float = 30.0,
    encoder: str | Path = "glance",
    unseen: Path | None = None,
    device: str = "auto",
    on_progress: Callable[[dict[str, Any]], None] | None = None,
    note: Callable[[str], None] = lambda text: None,
) -> Compressed:
    """Write a compressed model to `output`.

    photos, paintings: what it is calibrated for and, with a share of channels below 1, trained on for so many
    `minutes`; 0 for not at all. encoder, unseen: see `train`. A folder beside the output holds the narrow net's
    training, and a later call goes on with it. OptionError for models of other kinds than vidstyle's own.
    """
    before = load(model)
    if not isinstance(before.net, ConditionedNet):
        raise OptionError(
            f"{before.card.name} is a {before.card.architecture}; only vidstyle's own nets are compressed"
        )
    if output.suffix != ".safetensors":
        raise OptionError(f"{output} must end in .safetensors")
    if output.resolve() == before.path.resolve():
        raise OptionError(f"{output} is the model itself; give another --output")
    cpu = pick_device(device).type == "cpu"
    exact = "fp32" if cpu else "auto"
    forms = [("before", before.path, exact)]
    if share == 1:
        _write(before.net, before.card, photos, paintings, output)
    else:
        narrow = narrowed(before.net, share)
        # A checkpoint in it is of this model and this share.
        work = output.with_name(f"{output.stem}-{share:g}-{before.card.checksum[:8]}")
        work.mkdir(parents=True, exist_ok=True)
        trained = start = work / "narrowed.safetensors"
        _write(narrow, replace(before.card, quality={}), photos, paintings, start)
        forms.append(("narrowed", start, exact))
        if minutes > 0:
            settings: dict[str, Any] = {"minutes": minutes, "identity_steps": 0, "holdout": HOLDOUT}
            recipe = load_recipe(_recipe(before.card.architecture), start_from=str(start), **settings)
            rest: dict[str, Any] = {"unseen": unseen, "device": device, "on_progress": on_progress, "note": note}
            about = "; ".join(filter(None, [before.card.data, f"{photos.name}, {paintings.name}"]))
            trained, _ = train(
                recipe, photos, paintings, encoder, work, data=about, licence=before.card.licence, **rest
            )
            forms.append(("trained on", output, exact))
        found = load(trained)
        save(found.net, replace(found.card, name=output.stem), output)
    if cpu:
        forms.append(("int8", output, "int8"))
    paths = list_pictures(photos)
    return Compressed(forms, held_out(paths, HOLDOUT)[1] or paths[:HOLDOUT])


def _recipe(architecture: str) -> str:
    """The recipe of an architecture: for any machine, or where there is none for a GPU."""
    return architecture if (RECIPES / f"{architecture}.toml").exists() else f"{architecture}_gpu"


def _write(net: ConditionedNet, card: Card, photos: Path, paintings: Path, path: Path) -> None:
    """Calibrated, and as a file."""
    calibrate(net, zip(_spread(photos), _spread(paintings), strict=False))
    save(net, replace(card, name=path.stem), path)


def _spread(folder: Path) -> list[Tensor]:
    """Pictures of a folder, evenly picked, each (1, 3, SIDE, SIDE); what cannot be read is left out."""
    paths = list_pictures(folder)
    count = min(CALIBRATED_ON, len(paths))
    squares, _ = load_squares([paths[at * len(paths) // count] for at in range(count)], SIDE)
    return [torch.from_numpy(square).permute(2, 0, 1)[None].float() / 255 for square in squares.values()]
