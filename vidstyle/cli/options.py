"""Options that commands share, as users write them."""

from __future__ import annotations

from typing import Annotated

import typer

from vidstyle.errors import OptionError

__all__ = [
    "ENCODER",
    "MACHINE",
    "OUTPUT",
    "PICTURE",
    "Crf",
    "Device",
    "EncoderOptions",
    "Feather",
    "Flow",
    "FollowMask",
    "KeepColor",
    "Masks",
    "MaxPixels",
    "MaxSide",
    "Model",
    "Precision",
    "Preset",
    "Runtime",
    "Seed",
    "Strength",
    "StyleSize",
    "Styles",
    "Tile",
    "Walk",
    "frames_at_once",
    "pairs",
]

PICTURE, OUTPUT, ENCODER, MACHINE = "Picture", "Output", "Encoder", "Machine"
"""Panels of the help."""

Styles = Annotated[
    list[str] | None,
    typer.Option(
        "--style",
        "-s",
        metavar="IMG[:WEIGHT]",
        help="A picture, a built-in style, dcgan:SEED, or a number for a model with styles of its own; "
        "repeat to mix several.",
        rich_help_panel=PICTURE,
    ),
]
Model = Annotated[str, typer.Option(help="A model's name or a checkpoint file.", rich_help_panel=PICTURE)]
Strength = Annotated[float, typer.Option(help="0 (the content) to 1.", rich_help_panel=PICTURE)]
Masks = Annotated[
    list[str] | None,
    typer.Option(
        metavar="MASK",
        help="Where a style acts: a picture or clip (white), or key:#RRGGBB; ! before it turns it round. One for "
        "each --style, or all but the last.",
        rich_help_panel=PICTURE,
    ),
]
Feather = Annotated[float, typer.Option(help="Softness of the masks' edges, in pixels.", rich_help_panel=PICTURE)]
FollowMask = Annotated[
    bool,
    typer.Option("--follow-mask", help="A mask picture moves with what it covers.", rich_help_panel=PICTURE),
]
KeepColor = Annotated[bool, typer.Option("--keep-color", help="Keep the content's colours.", rich_help_panel=PICTURE)]
Flow = Annotated[
    str,
    typer.Option(
        help="What finds motion: auto, dis, dis-fast, dis-ultrafast, farneback, lk, raft or raft-large.",
        rich_help_panel=MACHINE,
    ),
]
Walk = Annotated[
    float,
    typer.Option(metavar="SECONDS", help="Of --style dcgan:3..8, from seed to seed.", rich_help_panel=PICTURE),
]
StyleSize = Annotated[
    int | None,
    typer.Option(
        help="Short side at which the net sees the style; larger gives larger strokes.", rich_help_panel=PICTURE
    ),
]
MaxSide = Annotated[int | None, typer.Option(help="Longest side of the result, in pixels.", rich_help_panel=PICTURE)]
Seed = Annotated[int, typer.Option(help="Seed of whatever is random.", rich_help_panel=PICTURE)]
Crf = Annotated[
    float | None, typer.Option(min=0, max=63, help="Constant quality; lower is better.", rich_help_panel=ENCODER)
]
Preset = Annotated[
    str | None, typer.Option(help="The encoder's preset, from ultrafast to veryslow.", rich_help_panel=ENCODER)
]
EncoderOptions = Annotated[
    list[str] | None,
    typer.Option(metavar="K=V", help="Any option of the encoder; repeatable.", rich_help_panel=ENCODER),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.", rich_help_panel=MACHINE)]
Precision = Annotated[str, typer.Option(help="auto, fp32, fp16, bf16 or int8.", rich_help_panel=MACHINE)]
Runtime = Annotated[str, typer.Option(help="auto, openvino, onnxruntime or pytorch.", rich_help_panel=MACHINE)]
Tile = Annotated[
    int | None,
    typer.Option(
        help="Paint larger frames in tiles of so many pixels; default: only if memory is short.",
        rich_help_panel=MACHINE,
    ),
]
MaxPixels = Annotated[
    int, typer.Option(min=1, help="Largest frame that is accepted, in pixels.", rich_help_panel=MACHINE)
]


def pairs(options: list[str]) -> dict[str, str]:
    """name=value of every --encoder-option."""
    found = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals or not name:
            raise OptionError(f"--encoder-option {option} is not of the form name=value")
        found[name] = value
    return found


def frames_at_once(text: str) -> int | None:
    """Of --batch; None for auto."""
    if text == "auto":
        return None
    if not text.isdigit() or int(text) < 1:
        raise OptionError(f"--batch {text} is neither auto nor a number of frames")
    return int(text)
