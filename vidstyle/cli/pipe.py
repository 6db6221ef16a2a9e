"""`vidstyle pipe`: a filter between two programs that hand video on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from .given import weighted_styles
from .options import (
    ENCODER,
    MACHINE,
    OUTPUT,
    PICTURE,
    Crf,
    Device,
    EncoderOptions,
    Feather,
    Flow,
    FollowMask,
    KeepColor,
    Masks,
    MaxPixels,
    MaxSide,
    Model,
    Precision,
    Preset,
    Runtime,
    Seed,
    Strength,
    Styles,
    StyleSize,
    Tile,
    Walk,
    frames_at_once,
    pairs,
)
from .terminal import Interrupted, note

__all__ = ["pipe"]

GONE = 1
"""Exit code where the next program has ended, as ffmpeg's."""


def pipe(
    style: Styles = None,
    raw: Annotated[
        str | None,
        typer.Option(
            metavar="WxH:PIX_FMT@RATE",
            help="What comes in is raw video, as in 640x360:yuv420p@30000/1001.",
            rich_help_panel=PICTURE,
        ),
    ] = None,
    matrix: Annotated[
        str,
        typer.Option(
            help="Colour matrix of frames without a tag: bt601, bt709, bt2020 or auto, by their height.",
            rich_help_panel=PICTURE,
        ),
    ] = "auto",
    full_range: Annotated[
        bool,
        typer.Option("--full-range", help="Frames without a tag span the full range.", rich_help_panel=PICTURE),
    ] = False,
    model: Model = "brisk",
    strength: Strength = 1.0,
    mask: Masks = None,
    feather: Feather = 4.0,
    follow_mask: FollowMask = False,
    keep_color: KeepColor = False,
    temporal: Annotated[
        str,
        typer.Option(
            help="Steadiness: off, fast, or best, which hands frames on four frames later.", rich_help_panel=PICTURE
        ),
    ] = "fast",
    flow: Flow = "auto",
    walk: Walk = 4.0,
    style_size: StyleSize = None,
    max_side: MaxSide = None,
    seed: Seed = 0,
    deinterlace: Annotated[
        bool,
        typer.Option(
            "--deinterlace", help="Make interlaced frames progressive; else they stay.", rich_help_panel=PICTURE
        ),
    ] = False,
    codec: Annotated[
        str | None,
        typer.Option(
            help="Of NUT: h264, h265, ffv1 … or FFmpeg's name; default: not compressed.", rich_help_panel=ENCODER
        ),
    ] = None,
    crf: Crf = None,
    preset: Preset = None,
    encoder_option: EncoderOptions = None,
    device: Device = "auto",
    precision: Precision = "auto",
    runtime: Runtime = "auto",
    batch: Annotated[
        str, typer.Option(help="Frames at once, if so many have come: auto or a number.", rich_help_panel=MACHINE)
    ] = "auto",
    tile: Tile = None,
    max_pixels: MaxPixels = 64_000_000,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No notes.", rich_help_panel=OUTPUT)] = False,
) -> None:
    """Paint the video on standard input to standard output: yuv4mpeg, NUT or raw, and the same comes out.

    ffmpeg -i in.mp4 -c:a copy -c:v rawvideo -f nut - | vidstyle pipe --style waves | ffmpeg -i - -c:a copy out.mp4
    """
    options, batch_size = pairs(encoder_option or []), frames_at_once(batch)
    styles = weighted_styles(style)
    with _nothing_but_video() as output:
        from vidstyle.media import RawVideo
        from vidstyle.pipeline.pipe import ReaderGone
        from vidstyle.pipeline.pipe import pipe as run

        def on_note(text: str) -> None:
            if not quiet:
                note(text)

        try:
            run(
                0,
                output,
                styles,
                raw=RawVideo.parse(raw) if raw else None,
                matrix=matrix,
                full_range=full_range,
                model=model,
                temporal=temporal,
                flow=flow,
                strength=strength,
                keep_color=keep_color,
                masks=mask or [],
                feather=feather,
                follow_mask=follow_mask,
                style_size=style_size,
                walk=walk,
                max_side=max_side,
                seed=seed,
                device=device,
                precision=precision,
                runtime=runtime,
                batch=batch_size,
                tile=tile,
                codec=codec,
                crf=crf,
                preset=preset,
                encoder_options=options,
                deinterlace=deinterlace,
                max_pixels=max_pixels,
                on_note=on_note,
            )
        except ReaderGone:
            raise typer.Exit(GONE) from None
        except Interrupted:
            raise Interrupted("interrupted; what was painted before has been handed on") from None


@contextmanager
def _nothing_but_video() -> Iterator[int]:
    """Standard output for the video; what any library prints there meanwhile goes to standard error."""
    sys.stdout.flush()
    video = os.dup(1)
    try:
        os.dup2(2, 1)
    except OSError:  # closed
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    try:
        yield video
    finally:
        os.dup2(video, 1)
        os.close(video)
