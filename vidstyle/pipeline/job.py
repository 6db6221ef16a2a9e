"""One job from a file to a file: open, paint, write."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from vidstyle.errors import OptionError
from vidstyle.media import EncoderSettings, default_output, open_sink, open_source
from vidstyle.scaling import fit
from vidstyle.styles import Imagined, Style
from vidstyle.stylizers import Keyframes, Painter, StyleCode, StyleInput, Stylizer
from vidstyle.temporal.stabiliser import LEVELS

from .masks import Mask, MaskOptions, open_mask
from .offline import run
from .painting import Layer, painting
from .progress import Progress, Result
from .walk import Walk, walks

__all__ = ["Styles", "batch_for", "check_options", "style_layers", "stylize"]

Styles = StyleInput | Style | Iterable[tuple[StyleInput, float]] | None
"""A style, several with weights, or none for a model that has its own."""
ONE = (str, Path, Image.Image, Tensor)
"""What is one style, not several."""
WORTH_TUNING = 50
"""Frames from which measuring the runtimes pays."""


def stylize(
    input: str | Path,
    style: Styles = None,
    output: str | Path | None = None,
    *,
    model: str | Path | Painter = "brisk",
    temporal: str = "fast",
    flow: str = "auto",
    strength: float = 1.0,
    keep_color: bool = False,
    masks: Sequence[str | Path] = (),
    feather: float = 4.0,
    follow_mask: bool = False,
    style_size: int | None = None,
    walk: float = 4.0,
    max_side: int | None = None,
    start: Fraction | float | None = None,
    end: Fraction | float | None = None,
    seed: int = 0,
    device: str = "auto",
    precision: str = "auto",
    runtime: str = "auto",
    batch: int | None = None,
    tile: int | None = None,
    codec: str | None = None,
    crf: float | None = None,
    preset: str | None = None,
    pix_fmt: str | None = None,
    encoder_options: Mapping[str, str] | None = None,
    deinterlace: bool = True,
    hardware_decoding: str | None = None,
    max_pixels: int = 64_000_000,
    overwrite: bool = True,
    on_progress: Callable[[Progress], None] | None = None,
    on_note: Callable[[str], None] | None = None,
) -> Result:
    """Stylize a clip, a still or a folder of pictures, and keep everything that is not the picture.

    style: a built-in name, a picture (file, PIL image, tensor), or several with weights; None for a model that has its
    style in its weights. `dcgan:SEED` is a picture that a generator makes, `dcgan:SEED..SEED` a walk from one to the
    other, `walk` seconds from seed to seed.
    output: where to; None writes beside the input. model: a name, a checkpoint, or a Painter (a
    Stylizer, a Gatys), which has a device, precision, runtime and flow of its own. temporal: how the paintings are kept
    steady: off, fast, or best, which looks ahead and takes longer. flow: what finds motion, one of
    `temporal.flow.FLOWS`. strength: 0 (the content) to 1. keep_color: keep the content's chrominance.
    masks: where styles act, one for each style, or all but the last, which then acts on the rest; see `open_mask`.
    feather: softness of their edges in pixels; follow_mask: a picture's mask moves with what it covers.
    style_size: short side in pixels at which the style is seen; larger gives larger strokes. max_side: longest side of
    the result, in pixels.
    start, end: the part to take, in seconds. batch: frames at once, None for a number that suits the device.
    tile: side in pixels of the tiles that larger frames are painted in, None for what fits the memory.
    codec, crf, preset, pix_fmt, encoder_options: as FFmpeg's encoders name them. deinterlace: False keeps fields.
    max_pixels: largest frame that is accepted. on_progress, on_note: called while the work goes on.

    The output appears under its name when it is complete. Raises a VidstyleError whose one line says what to do.
    """
    began = time.perf_counter()
    notes: list[str] = []

    def note(text: str) -> None:
        if text not in notes:
            notes.append(text)
            if on_note:
                on_note(text)

    check_options(max_side, batch, seed, temporal, walk)
    if start is not None and end is not None and end <= start:
        raise OptionError(f"the end ({float(end):g} s) must come after the start ({float(start):g} s)")
    torch.manual_seed(seed)

    first = None if start is None else Fraction(start)
    last = None if end is None else Fraction(end)
    source = open_source(
        input,
        start=first,
        end=last,
        max_pixels=max_pixels,
        deinterlace=deinterlace,
        hwaccel=hardware_decoding,
        note=note,
    )
    with source, ExitStack() as stack:
        painter = model if isinstance(model, Painter) else Stylizer(model, device, precision, runtime, note, flow, tile)
        style = list(style) if isinstance(style, Iterable) and not isinstance(style, (str, Tensor)) else style
        if not masks and follow_mask:
            raise OptionError("there is no mask to follow; give one with --mask")
        options = MaskOptions(feather, follow_mask)
        part = {"start": first, "end": last, "rate": source.info.rate}
        opened = [open_mask(mask, options, stack, **part, max_pixels=max_pixels) for mask in masks]
        layers = style_layers(
            painter, style, opened, temporal, walk, strength=strength, keep_color=keep_color, size=style_size
        )
        target = Path(output) if output is not None else default_output(source, _suffix(style, painter))
        size = fit(source.info.size, max_side)
        settings = EncoderSettings(codec, crf, preset, pix_fmt, dict(encoder_options or {}))
        with open_sink(target, source, size=size, encoder=settings, overwrite=overwrite, note=note) as sink:
            if source.info.frames is None or source.info.frames >= WORTH_TUNING:
                painter.tune(layers[0].at(0), size[1], size[0])
            # The pictures of a folder have sizes of their own: the first does not tell whether others are scaled.
            scaled = size != source.info.size or (max_side is not None and source.names is not None)
            paint = None if strength == 0 and not scaled else painting(painter, layers, max_side)
            counts = run(source, sink, paint, batch or batch_for(painter, layers, size), on_progress)
            work_seconds = counts.seconds
            if counts.repeated:
                note(f"{counts.repeated} damaged frame(s) were replaced by the frame before")
    return Result(
        output=target,
        frames=counts.written,
        seconds=time.perf_counter() - began,
        fps=counts.written / max(work_seconds, 1e-9),
        size=size,
        runtime=painter.runtime,
        stages=counts.stages,
        notes=notes,
        repeated=counts.repeated,
    )


def check_options(max_side: int | None, batch: int | None, seed: int, temporal: str, walk: float) -> None:
    """OptionError for numbers and names that make no sense."""
    if max_side is not None and max_side < 16:
        raise OptionError(f"max-side {max_side} is too small; give at least 16 pixels")
    if batch is not None and batch < 1:
        raise OptionError(f"batch {batch} makes no sense; give 1 or more")
    if not -(2**63) <= seed < 2**63:
        raise OptionError(f"seed {seed} is too large; give a number of at most 18 digits")
    if temporal not in ("off", *LEVELS):
        raise OptionError(f"no temporal level is called {temporal}; choose off, {', '.join(LEVELS)}")
    if not 0.05 <= walk <= 86_400:
        raise OptionError(f"{walk:g} seconds from seed to seed make no sense; give 0.05 to 86400")


def style_layers(
    painter: Painter,
    style: Styles,
    masks: list[Mask],
    temporal: str,
    walk: float,
    **acts: Any,
) -> list[Layer]:
    """One layer of all styles mixed, or with masks one for each style; the last may have none.

    OptionError where they do not suit each other or the painter.
    """
    if painter.fixed_style and style is not None:
        raise OptionError(f"{painter.name} paints in no style but its own; leave --style away")

    def coded(style: Styles) -> StyleCode | Walk:
        if style is None or isinstance(style, Style):
            return painter.encode_style(style, **acts)
        pairs = [(style, 1.0)] if isinstance(style, ONE) else list(style)
        if walks(pairs):
            return Walk(lambda styles: painter.encode_style(styles, **acts), pairs, walk)
        return painter.encode_style(pairs, **acts)

    if not masks:
        return [Layer(coded(style), painter.remember(temporal))]
    if isinstance(style, Style):
        raise OptionError("with masks give pictures, one for each region")
    if style is None or isinstance(style, ONE):
        styles: list[StyleInput | None] = [style]
    else:
        pairs = list(style)
        styles = [picture for picture, _ in pairs]
        if any(weight != 1 for _, weight in pairs):
            raise OptionError("with masks every style has a region of its own, and no weight; leave the weights away")
    if len(styles) - len(masks) not in (0, 1):
        raise OptionError(
            f"masks: {len(masks)}, styles: {len(styles)}; give a mask for each style, or for all but the last"
        )
    if len(styles) > 1 and isinstance(painter, Keyframes) and painter.options.folder:
        raise OptionError("one folder of keyframes cannot hold those of several regions; leave --keyframes away")
    everywhere: list[Mask | None] = [*masks, None]
    return [
        Layer(coded(picture), painter.remember(temporal), mask)
        for picture, mask in zip(styles, everywhere, strict=False)
    ]


def batch_for(painter: Painter, layers: list[Layer], size: tuple[int, int]) -> int:
    """One frame at a time on a CPU, where batches gain nothing, and where every frame has a style of its own; some 8
    megapixels at a time on a GPU."""
    if painter.device.type == "cpu" or not painter.batches or any(isinstance(layer.code, Walk) for layer in layers):
        return 1
    return max(1, min(16, 8_000_000 // (size[0] * size[1])))


def _suffix(style: object, painter: Painter) -> str:
    """What the default output's name gets: the style's name, or the model's."""
    if isinstance(style, (str, Path)):
        return _name(style)
    if isinstance(style, (list, tuple)) and style and isinstance(style[0][0], (str, Path)):
        return "-".join(_name(picture) for picture, _ in style[:3])
    return painter.name if painter.fixed_style else "stylized"


def _name(style: object) -> str:
    """Of a style, for a file's name."""
    if found := Imagined.parse(style):
        seeds = f"{found.seed}" if found.seed == found.last else f"{found.seed}-{found.last}"
        return f"{Path(found.file).stem or 'dcgan'}-{seeds}"
    return Path(str(style)).stem
