"""Smaller and faster forms of a model: narrower, trained on, and in whole numbers of 8 bits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vidstyle.errors import OptionError
from vidstyle.evaluation.pictures import Picture, PictureJudge, judge_model, load_pictures, means
from vidstyle.evaluation.speed import interleave
from vidstyle.nets.conditioned import ConditionedNet
from vidstyle.nets.int8 import calibrate
from vidstyle.perception import load_perceptual
from vidstyle.pictures import list_pictures, load_square
from vidstyle.runtime.device import pick_device
from vidstyle.stylizers import Stylizer
from vidstyle.zoo import Card, load, save

from .pictures import held_out
from .pruning import narrowed
from .recipe import load_recipe
from .trainer import train

__all__ = ["Form", "compress"]

CALIBRATED_ON = 64
"""Pairs of pictures, at most."""
JUDGED_ON = 12
"""Contents, at most."""
SIDE = 256
SIZE = (360, 640)
"""Height and width at which frames are timed."""
ROUNDS = 15


@dataclass(frozen=True)
class Form:
    """A model in one form. file: what holds it; bytes: of that file; milliseconds: for a frame of SIZE, by the median;
    figures: see `evaluation.pictures`."""

    name: str
    file: Path
    bytes: int
    parameters: int
    milliseconds: float
    figures: dict[str, float]


def compress(
    model: str | Path,
    photos: Path,
    paintings: Path,
    output: Path,
    *,
    share: float = 1.0,
    minutes: float = 30.0,
    encoder: str | Path = "glance",
    styles: Path | None = None,
    device: str = "auto",
    on_progress: Callable[[dict[str, Any]], None] | None = None,
    note: Callable[[str], None] = lambda text: None,
) -> list[Form]:
    """Write a compressed model to `output`; the figures of the model as it was and of every form that it took.

    photos, paintings: what it is calibrated for and, with a share of channels below 1, trained on for so many
    `minutes`; 0 for not at all. encoder: what judges, see `load_perceptual`. styles: folder of styles to measure with,
    which are not trained on; some of the paintings without it. A folder beside the output holds the narrow net's
    training, and a later call goes on with it. OptionError for models of other kinds than vidstyle's own.
    """
    before = load(model)
    if not isinstance(before.net, ConditionedNet):
        raise OptionError(
            f"{before.card.name} is a {before.card.architecture}; only vidstyle's own nets are compressed"
        )
    if output.suffix != ".safetensors":
        raise OptionError(f"{output} must end in .safetensors")
    where = pick_device(device)
    exact = "fp32" if where.type == "cpu" else "auto"
    forms: list[tuple[str, Path, str]] = [("before", before.path, exact)]
    if share == 1:
        _write(before.net, before.card, photos, paintings, output)
    else:
        work = output.with_name(f"{output.stem}-{share:g}")
        start = work / "narrowed.safetensors"
        work.mkdir(parents=True, exist_ok=True)
        _write(narrowed(before.net, share), replace(before.card, quality={}), photos, paintings, start)
        forms.append(("narrowed", start, exact))
        trained = start
        if minutes > 0:
            settings: dict[str, Any] = {"minutes": minutes, "identity_steps": 0, "holdout": JUDGED_ON}
            recipe = load_recipe(before.card.architecture, start_from=str(start), **settings)
            about = before.card.data or f"{photos.name}, {paintings.name}"
            rest: dict[str, Any] = {"unseen": styles, "device": device, "on_progress": on_progress, "note": note}
            trained, _ = train(
                recipe, photos, paintings, encoder, work, data=about, licence=before.card.licence, **rest
            )
        found = load(trained)
        save(found.net, replace(found.card, name=output.stem), output)
        if minutes > 0:
            forms.append(("trained on", output, exact))
    if where.type == "cpu":
        forms.append(("int8", output, "int8"))
    return _judged(forms, photos, styles or paintings, encoder, device)


def _write(net: ConditionedNet, card: Card, photos: Path, paintings: Path, path: Path) -> None:
    """Calibrated, and as a file."""
    pairs = zip(_spread(photos), _spread(paintings), strict=False)
    calibrate(net, pairs)
    save(net, replace(card, name=path.stem), path)


def _spread(folder: Path) -> list[Tensor]:
    """Pictures of a folder, evenly picked, each (1, 3, SIDE, SIDE)."""
    paths = list_pictures(folder)
    count = min(CALIBRATED_ON, len(paths))
    return [_pixels(paths[at * len(paths) // count]) for at in range(count)]


def _pixels(path: Path) -> Tensor:
    return torch.from_numpy(load_square(path, SIDE)).permute(2, 0, 1)[None].float() / 255


def _judged(
    forms: list[tuple[str, Path, str]], photos: Path, styles: Path, encoder: str | Path, device: str
) -> list[Form]:
    """Figures of all forms on the same pictures, and their speeds, taking turns."""
    painters = [Stylizer(file, device, precision, "pytorch") for _, file, precision in forms]
    where = painters[0].device
    kept = held_out(list_pictures(photos), JUDGED_ON)[1] or list_pictures(photos)[:JUDGED_ON]
    contents = [Picture(path.name, _pixels(path).to(where)) for path in kept]
    pictures = load_pictures(styles, SIDE, JUDGED_ON, where)
    judge = PictureJudge(load_perceptual(encoder).to(where))
    figures = [means([judged for judged, _ in judge_model(painter, judge, contents, pictures)]) for painter in painters]
    # What paints is judged in PyTorch, alone with the judge, and timed as it will run.
    timed = [Stylizer(file, device, precision) for _, file, precision in forms]
    frame = torch.rand(1, 3, *SIZE, device=where)
    codes = [painter.encode_style(pictures[0].pixels.cpu()) for painter in timed]
    calls = [partial(painter, frame, code) for painter, code in zip(timed, codes, strict=True)]
    seconds = [sorted(times)[len(times) // 2] for times in interleave(calls, where, ROUNDS)]
    return [
        Form(name, file, file.stat().st_size, painter.model.card.parameters, 1e3 * taken, found)
        for (name, file, _), painter, taken, found in zip(forms, painters, seconds, figures, strict=True)
    ]
