"""Train a model from a recipe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from vidstyle.errors import InputError, MissingExtra, ModelError, OptionError, OutOfMemory, OutputError
from vidstyle.nets.conditioned import ConditionedNet
from vidstyle.nets.layered import OneStyleNet
from vidstyle.nets.protocol import StyleNet
from vidstyle.perception.encoder import Perceptual, load_glance, load_perceptual
from vidstyle.runtime.device import memory_format, pick_device
from vidstyle.zoo import Card, load, untrained

from .card import first_card
from .cyclegan import CycleRun
from .dcgan import DcganRun
from .distil import DistilRun
from .encoder import EncoderRun, untrained_encoder
from .fast import FastRun
from .material import Material, gather
from .painter import PainterRun
from .recipe import (
    CycleRecipe,
    DcganRecipe,
    DistilRecipe,
    EncoderRecipe,
    FastRecipe,
    PainterRecipe,
    Recipe,
    SteadyRecipe,
)
from .run import Run
from .schedule import Clock

if TYPE_CHECKING:
    from .clips import Clips

__all__ = ["CHECKPOINT", "train"]

CHECKPOINT = "checkpoint.pt"
REPORT_EVERY = 20


def train(
    recipe: Recipe,
    photos: Path,
    paintings: Path,
    encoder: str | Path,
    output: Path,
    *,
    unseen: Path | None = None,
    clips: Path | None = None,
    device: str = "auto",
    precision: str | None = None,
    resume: bool = True,
    data: str = "",
    licence: str = "unknown",
    sheet_every: int = 500,
    checkpoint_every: int = 200,
    on_progress: Callable[[dict[str, Any]], None] | None = None,
    note: Callable[[str], None] = lambda text: None,
) -> tuple[Path, dict[str, Any]]:
    """Train; return the model's file and a report of the run.

    photos, paintings: folders; for a FastRecipe `paintings` is the one style picture, a DcganRecipe sees no photos, and
    a DistilRecipe photos only.
    encoder: what judges, see `load_perceptual`. unseen: folder of pictures to evaluate with; what looks like one of
    them is not trained on. clips: folder of clips for the temporal terms of a SteadyRecipe.
    `output` gets TensorBoard scalars, `sheet_STEP.png` every `sheet_every` steps, and every `checkpoint_every` steps a
    checkpoint that a later call resumes from and the model so far. The model's weights are a running mean of the
    net's. data, licence: what the model's card says of them. `precision` is Fabric's name; default bf16-mixed on a GPU,
    float32 on a CPU. `on_progress` receives step, progress (0 to 1), seconds, samples per second and the terms of the
    loss; `note` one-line remarks. InputError where the loss is no longer a number; what was saved before that stays.
    """
    if isinstance(recipe, EncoderRecipe) and str(encoder) == "glance":
        raise OptionError("glance cannot teach itself; give --encoder vgg19, or a file or folder of weights")
    if isinstance(recipe, DistilRecipe):
        if not (recipe.start_from and recipe.taught_by):
            raise OptionError("distil begins with a narrowed net and its teacher: run vidstyle models compress")
    elif not isinstance(recipe, PainterRecipe) and recipe.start_from:
        raise OptionError(f"a run of {recipe.architecture} begins with new weights; leave --start-from away")
    if clips and not isinstance(recipe, SteadyRecipe):
        raise OptionError(f"a run of {recipe.architecture} has no temporal terms; leave --clips away")
    if clips and isinstance(recipe, SteadyRecipe) and not recipe.steadied:
        raise OptionError("the recipe's temporal terms weigh 0; give --try temporal=20, or leave --clips away")
    if isinstance(recipe, PainterRecipe) and recipe.optimizer == "muon" and precision == "16-mixed":
        raise OptionError("16-mixed scales the losses of one optimizer only; give bf16-mixed, or a recipe with adam")
    if output.exists() and not output.is_dir():
        raise OutputError(f"{output} is a file; choose another --out")
    torch.manual_seed(recipe.seed)
    fabric = _fabric(device, precision)
    material = gather(recipe, photos, paintings, unseen, fabric.device)
    for line in material.notes:
        note(line)
    if unseen is not None:
        data = f"{data}; without {material.unseen} that are also in {unseen.name}"
    teacher = load_perceptual(encoder, material.contents.spread(16).cpu()).to(fabric.device)
    teacher.to(memory_format=memory_format(fabric.device))  # type: ignore[call-overload]
    filmed = _clips(clips, recipe, fabric, note) if clips else None
    if filmed is not None:
        data = f"{data}; {len(filmed)} shots of clips"
    run, start = _run(recipe, fabric, teacher, material, filmed, (photos.name, paintings.name))
    name = paintings.stem if isinstance(recipe, FastRecipe) else recipe.architecture
    taught = not isinstance(recipe, (CycleRecipe, DcganRecipe))
    card = first_card(recipe, name, start, teacher.about if taught else "", data, licence)

    run.about = f"{photos.name}, {paintings.name}"
    output.mkdir(parents=True, exist_ok=True)
    if resume and (output / CHECKPOINT).exists():
        run.restore(output / CHECKPOINT)
    clock = Clock(recipe, run.seconds)
    before, kept = run.samples, run.step

    def check() -> None:
        if not run.sound():
            rest = f"the checkpoint of step {kept} in {output} is kept" if kept else "no checkpoint was kept"
            raise InputError(f"the loss is no number at step {run.step}; {rest}; lower the recipe's learning_rate")

    def save() -> tuple[Path, dict[str, Any]]:
        nonlocal kept
        check()
        kept = run.step
        run.seconds = clock.seconds
        run.save(output / CHECKPOINT)
        report = {"steps": run.step, "samples": run.samples, "hours": run.seconds / 3600}
        spent = {key: round(card.quality[key] + report[key], 2) for key in ("samples", "hours")}
        return run.export(replace(card, quality=spent), output), report

    with _writer(output) as writer:
        try:
            while (progress := clock.progress(run.step)) < 1:
                _learn(run, progress)
                if run.step % REPORT_EVERY == 0 or clock.progress(run.step) >= 1:
                    check()
                    report = run.report()
                    for name, value in report.items():
                        writer.add_scalar(f"loss/{name}", value, run.step)
                    if on_progress:
                        speed = (run.samples - before) / max(1e-6, clock.seconds - clock.spent)
                        rest = {"seconds": clock.seconds, "samples_per_second": speed, **report}
                        on_progress({"step": run.step, "progress": progress, **rest})
                if run.step % sheet_every == 0:
                    run.sheet(output / f"sheet_{run.step:06d}.png")
                if run.step % checkpoint_every == 0:
                    save()
        except BaseException as stop:
            # An interrupt costs nothing; an error may have spoilt the weights.
            if not isinstance(stop, Exception):
                save()
            raise
    check()
    run.sheet(output / f"sheet_{run.step:06d}.png")
    run.ended = True
    return save()


def _clips(folder: Path, recipe: Recipe, fabric: Any, note: Callable[[str], None]) -> Clips:
    from .clips import Clips  # decoders and OpenCV, which other runs do without

    return Clips(folder, recipe.side, fabric.device, note=note)


def _learn(run: Run, progress: float) -> None:
    try:
        run.learn(progress)
    except torch.OutOfMemoryError:
        batch = run.recipe.batch
        raise OutOfMemory(f"a batch of {batch} does not fit the device's memory; give a smaller --batch") from None


def _run(
    recipe: Recipe,
    fabric: Any,
    teacher: Perceptual,
    material: Material,
    clips: Clips | None,
    names: tuple[str, str],
) -> tuple[Run, Card | None]:
    """The run that a recipe is for, and the card of the model that it begins with, if any. names: of the folders."""
    contents, styles = material.contents, material.styles
    if isinstance(recipe, EncoderRecipe):
        return EncoderRun(fabric, recipe, untrained_encoder(recipe.channels), teacher, contents, styles), None
    if isinstance(recipe, FastRecipe):
        assert material.style is not None
        return FastRun(fabric, recipe, teacher, contents, material.style, material.shown, clips), None
    if isinstance(recipe, CycleRecipe):
        return CycleRun(fabric, recipe, names, contents, styles, material.shown, clips), None
    if isinstance(recipe, DcganRecipe):
        return DcganRun(fabric, recipe, styles), None
    if isinstance(recipe, DistilRecipe):
        narrow, other = load(recipe.start_from), load(recipe.taught_by)
        if not (isinstance(narrow.net, OneStyleNet) and isinstance(other.net, OneStyleNet)):
            raise OptionError("distil is for nets with one style or domain; give start_from and taught_by such ones")
        return DistilRun(fabric, recipe, narrow.net, other.net, teacher, contents, material.shown), narrow.card
    assert isinstance(recipe, PainterRecipe)
    if recipe.start_from:
        if recipe.attend:
            raise OptionError("attend is for runs that begin with new weights; leave it or start_from away")
        model = load(recipe.start_from)
        if model.card.architecture != recipe.architecture:
            raise ModelError(f"{recipe.start_from} is no {recipe.architecture}, which the recipe is for")
        net, card = model.net, model.card
        # Of the weights it begins with, not of those it will have.
        net.register_buffer("ranges", None)
    else:
        net, card = _untrained(recipe), None
    assert isinstance(net, ConditionedNet)
    net.to(fabric.device)
    if card is None:
        net.style_encoder.begin(load_glance().to(fabric.device), styles.spread(256).split(16))
    return PainterRun(fabric, recipe, net, teacher, contents, styles, material.shown, clips), card


def _untrained(recipe: PainterRecipe) -> StyleNet:
    net = untrained(recipe.architecture)
    if not recipe.attend:
        return net
    assert isinstance(net, ConditionedNet)
    if not hasattr(net.sizes, "attend"):
        raise OptionError(f"{recipe.architecture} has no self-attention; leave attend away")
    return type(net)(replace(net.sizes, attend=recipe.attend))


def _fabric(device: str, precision: str | None) -> Any:
    try:
        from lightning_fabric import Fabric
    except ImportError:
        raise MissingExtra("lightning-fabric", "train") from None
    where = pick_device(device)
    if where.type == "cuda":
        torch.set_float32_matmul_precision("high")
    names: Any = precision or ("bf16-mixed" if where.type == "cuda" else "32-true")
    devices: Any = 1 if where.index is None else [where.index]
    try:
        return Fabric(accelerator=where.type, devices=devices, precision=names)
    except ValueError as error:
        raise OptionError(f"precision {names} cannot be had: {' '.join(str(error).split())}") from None


def _writer(output: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise MissingExtra("tensorboard", "train") from None
    return SummaryWriter(output / "scalars")
