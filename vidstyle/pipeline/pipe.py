"""One job from a pipe to a pipe: every frame painted goes on before the next one is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import torch

from vidstyle.errors import InputError, OptionError
from vidstyle.media import EncoderSettings, PipeIn, PipeOut, PipeSource, RawVideo, open_pipe, pipe_format
from vidstyle.scaling import fit
from vidstyle.stylizers import Stylizer

from .job import Styles, batch_for, check_options, style_layers
from .masks import MaskOptions, open_mask
from .offline import run
from .painting import painting
from .progress import Result

__all__ = ["MATRICES", "ReaderGone", "pipe"]


MATRICES = {"auto": 2, "bt601": 6, "bt709": 1, "bt2020": 9}
"""Names of the colour matrices and their code points of ITU-T H.273."""


class ReaderGone(Exception):
    """Nobody reads what is written any more."""


def pipe(
    input: int,
    output: int,
    style: Styles = None,
    *,
    raw: RawVideo | None = None,
    matrix: str = "auto",
    full_range: bool = False,
    model: str | Path = "brisk",
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
    seed: int = 0,
    device: str = "auto",
    precision: str = "auto",
    runtime: str = "auto",
    batch: int | None = None,
    tile: int | None = None,
    codec: str | None = None,
    crf: float | None = None,
    preset: str | None = None,
    encoder_options: Mapping[str, str] | None = None,
    deinterlace: bool = False,
    max_pixels: int = 64_000_000,
    on_note: Callable[[str], None] = lambda text: None,
) -> Result:
    """Stylize what comes out of one pipe into another, in the same format, as long as it comes.

    input, output: file descriptors; yuv4mpeg and NUT are told apart by themselves, anything else is `raw`. NUT keeps
    its other streams bit for bit, and every time stamp. codec, crf, preset, encoder_options: for the picture in NUT,
    which else is not compressed. matrix (one of MATRICES), full_range: of frames that do not say it.
    deinterlace: False leaves fields. The rest is as for `stylize`.

    ReaderGone where the other side has closed its end. InputError where the input ends in the middle of a frame or
    is damaged; what came whole before has been written then.
    """
    began = time.perf_counter()
    check_options(max_side, batch, seed, temporal, walk)
    if matrix not in MATRICES:
        raise OptionError(f"no matrix is called {matrix}; choose {', '.join(MATRICES)}")
    if not masks and follow_mask:
        raise OptionError("there is no mask to follow; give one with --mask")
    torch.manual_seed(seed)
    notes: list[str] = []

    def note(text: str) -> None:
        if text not in notes:
            notes.append(text)
            on_note(text)

    with ExitStack() as stack:
        end = stack.enter_context(closing(PipeOut(output)))
        beginning = stack.enter_context(closing(PipeIn(input)))
        # Before anything is read: what comes in meanwhile would be late.
        painter = Stylizer(model, device, precision, runtime, note, flow, tile)
        opened = [open_mask(mask, MaskOptions(feather, follow_mask), stack, max_pixels=max_pixels) for mask in masks]
        layers = style_layers(
            painter, style, opened, temporal, walk, strength=strength, keep_color=keep_color, size=style_size
        )
        kind = pipe_format(beginning, raw)
        if kind.format != "nut" and (codec or crf is not None or preset or encoder_options):
            raise OptionError(f"{kind.name} is not compressed; leave the encoder's options out, or give NUT")
        source = stack.enter_context(
            PipeSource(
                beginning,
                kind,
                max_pixels=max_pixels,
                matrix=MATRICES[matrix],
                full_range=full_range,
                deinterlace=deinterlace,
                note=note,
            )
        )
        if source.info.interlaced:
            note("interlaced frames are painted as they are; --deinterlace makes them progressive")
        size = fit(source.info.size, max_side)
        settings = EncoderSettings(codec, crf, preset, None, dict(encoder_options or {}))

        def wake() -> None:
            beginning.stop()
            end.stop()

        painter.tune(layers[0].at(0), size[1], size[0])
        paint = None if strength == 0 and size == source.info.size else painting(painter, layers, max_side)
        try:
            with open_pipe(end, source, size=size, encoder=settings, note=note) as sink:
                counts = run(source, sink, paint, batch or batch_for(painter, layers, size), live=True, wake=wake)
                work_seconds = counts.seconds
        except Exception:
            if end.gone:
                raise ReaderGone from None
            raise
        if source.fault:
            raise InputError(f"{beginning.name} {source.fault}; the {counts.written} frames before it were written")
    return Result(
        output=end.target,
        frames=counts.written,
        seconds=time.perf_counter() - began,
        fps=counts.written / max(work_seconds, 1e-9),
        size=size,
        runtime=painter.runtime,
        stages=counts.stages,
        notes=notes,
        repeated=counts.repeated,
    )
