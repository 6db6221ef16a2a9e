"""Smaller and faster forms of a model: narrower, trained on, and in whole numbers of 8 bits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vidstyle.errors import InputError, OptionError
from vidstyle.nets.int8 import calibrate
from vidstyle.nets.layered import LayeredNet
from vidstyle.pictures import list_pictures, load_squares
from vidstyle.runtime.device import pick_device
from vidstyle.zoo import Card, Model, load, save

from .pictures import held_out
from .pruning import narrowed
from .recipe import RECIPES, Recipe, load_recipe
from .trainer import train

__all__ = ["Compressed", "compress"]

CALIBRATED_ON = 64
"""Pictures, at most."""
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
    paintings: Path | None,
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
    `minutes`; 0 for not at all. A model with one style or domain takes no paintings: it learns to paint photos as it
    did with all channels. encoder, unseen: see `train`. A folder beside the output holds the narrow net's training, and
    a later call goes on with it. OptionError for models of kinds that are not told layer by layer.
    """
    before = load(model)
    net = _layered(before, paintings, output)
    cpu = pick_device(device).type == "cpu"
    exact = "fp32" if cpu else "auto"
    forms = [("before", before.path, exact)]
    if share == 1:
        _write(net, before.card, photos, paintings, output)
    else:
        narrow = narrowed(net, share)
        # A checkpoint in it is of this model and this share.
        work = output.with_name(f"{output.stem}-{share:g}-{before.card.checksum[:8]}")
        work.mkdir(parents=True, exist_ok=True)
        trained = start = work / "narrowed.safetensors"
        _write(narrow, replace(before.card, quality={}), photos, paintings, start)
        forms.append(("narrowed", start, exact))
        if minutes > 0:
            recipe = _recipe(before, start_from=str(start), minutes=minutes, holdout=HOLDOUT)
            rest: dict[str, Any] = {"unseen": unseen, "device": device, "on_progress": on_progress, "note": note}
            names = dict.fromkeys([photos.name, (paintings or photos).name])
            about = "; ".join(filter(None, [before.card.data, ", ".join(names)]))
            trained, _ = train(
                recipe, photos, paintings or photos, encoder, work, data=about, licence=before.card.licence, **rest
            )
            forms.append(("trained on", output, exact))
        found = load(trained)
        save(found.net, replace(found.card, name=output.stem), output)
    if cpu:
        forms.append(("int8", output, "int8"))
    paths = list_pictures(photos)
    return Compressed(forms, held_out(paths, HOLDOUT)[1] or paths[:HOLDOUT])


def _layered(before: Model, paintings: Path | None, output: Path) -> LayeredNet:
    """The net, once it is known that it can be compressed so."""
    name = before.card.name
    if not isinstance(before.net, LayeredNet):
        raise OptionError(
            f"{name} is a {before.card.architecture}, which is not compressed; give brisk, atelier, a TransformerNet "
            "or a ResNet of CycleGAN"
        )
    if before.net.fixed_style and paintings is not None:
        raise OptionError(f"{name} has its style in its weights and learns from photos alone; leave --paintings away")
    if not before.net.fixed_style and paintings is None:
        raise OptionError(f"{name} paints in any style; give a folder of styles with --paintings")
    if output.suffix != ".safetensors":
        raise OptionError(f"{output} must end in .safetensors")
    if output.resolve() == before.path.resolve():
        raise OptionError(f"{output} is the model itself; give another --output")
    return before.net


def _recipe(before: Model, **settings: Any) -> Recipe:
    """How the narrow net is trained: by its teacher, or by the architecture's recipe, which is for any machine, or
    where there is none for a GPU."""
    name = before.card.architecture
    if before.net.fixed_style:
        return load_recipe("distil", architecture=name, taught_by=str(before.path), **settings)
    return load_recipe(name if (RECIPES / f"{name}.toml").exists() else f"{name}_gpu", identity_steps=0, **settings)


def _write(net: LayeredNet, card: Card, photos: Path, paintings: Path | None, path: Path) -> None:
    """Calibrated, and as a file."""
    styles: Iterable[Tensor | None] = repeat(None) if paintings is None else _spread(paintings)
    calibrate(net, zip(_spread(photos), styles, strict=False))
    save(net, replace(card, name=path.stem), path)


def _spread(folder: Path) -> list[Tensor]:
    """Pictures of a folder, evenly picked, each (1, 3, SIDE, SIDE); what cannot be read is left out."""
    paths = list_pictures(folder)
    count = min(CALIBRATED_ON, len(paths))
    squares, damaged = load_squares([paths[at * len(paths) // count] for at in range(count)], SIDE)
    if not squares:
        raise InputError(f"none of the pictures can be read: {damaged[0]}")
    return [torch.from_numpy(square).permute(2, 0, 1)[None].float() / 255 for square in squares.values()]
