"""`vidstyle stylize`: a clip, a still or a folder of pictures, painted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from vidstyle.errors import OptionError

from .gatys import gatys_painter, told_of
from .given import check_input, weighted_styles
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
from .terminal import note, out, print_json, progress_bar
from .times import parse_time

__all__ = ["stylize"]

TIME = "Part of the clip"
GATYS = "With --method gatys"


def stylize(
    input: Annotated[
        Path, typer.Argument(metavar="IN", help="A clip, a still, a folder of pictures, or frames/%04d.png.")
    ],
    style: Styles = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="A clip or a still by its ending; numbered pictures in a folder, or as out/%05d.png. "
            "Default: beside the input.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    model: Model = "brisk",
    method: Annotated[
        str,
        typer.Option(
            help="model paints with --model; gatys optimizes pixels (of a clip, keyframes): slow, the strongest.",
            rich_help_panel=PICTURE,
        ),
    ] = "model",
    strength: Strength = 1.0,
    mask: Masks = None,
    feather: Feather = 4.0,
    follow_mask: FollowMask = False,
    keep_color: KeepColor = False,
    temporal: Annotated[
        str,
        typer.Option(help="Steadiness: off, fast, or best, which looks ahead and is slower.", rich_help_panel=PICTURE),
    ] = "fast",
    flow: Flow = "auto",
    walk: Walk = 4.0,
    style_size: StyleSize = None,
    max_side: MaxSide = None,
    seed: Seed = 0,
    start: Annotated[
        str | None, typer.Option(metavar="TIME", help="Begin here: 12.5 or 00:00:12.5.", rich_help_panel=TIME)
    ] = None,
    end: Annotated[str | None, typer.Option(metavar="TIME", help="Stop before here.", rich_help_panel=TIME)] = None,
    codec: Annotated[
        str | None,
        typer.Option(
            help="h264, h265, av1, vp9, prores, dnxhr, ffv1, gif, webp, or FFmpeg's name (h264_nvenc).",
            rich_help_panel=ENCODER,
        ),
    ] = None,
    crf: Crf = None,
    preset: Preset = None,
    pix_fmt: Annotated[str | None, typer.Option(help="Default: like the input.", rich_help_panel=ENCODER)] = None,
    encoder_option: EncoderOptions = None,
    keep_fields: Annotated[
        bool, typer.Option("--keep-fields", help="Leave interlaced frames interlaced.", rich_help_panel=PICTURE)
    ] = False,
    device: Device = "auto",
    precision: Precision = "auto",
    runtime: Runtime = "auto",
    batch: Annotated[str, typer.Option(help="Frames at once: auto or a number.", rich_help_panel=MACHINE)] = "auto",
    tile: Tile = None,
    hardware_decoding: Annotated[
        str, typer.Option(help="auto, off, or FFmpeg's name of a device (cuda, qsv …).", rich_help_panel=MACHINE)
    ] = "auto",
    max_pixels: MaxPixels = 64_000_000,
    content_weight: Annotated[
        float | None, typer.Option(help="Weight of what is shown; default 1.", rich_help_panel=GATYS)
    ] = None,
    style_weight: Annotated[
        float | None, typer.Option(help="Weight of how it is painted; default 20.", rich_help_panel=GATYS)
    ] = None,
    variation_weight: Annotated[
        float | None, typer.Option(help="Weight of smoothness; default 10.", rich_help_panel=GATYS)
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="Steps at each size, from coarse to fine; default 150.", rich_help_panel=GATYS)
    ] = None,
    optimizer: Annotated[str | None, typer.Option(help="lbfgs (default) or adam.", rich_help_panel=GATYS)] = None,
    init: Annotated[
        str | None, typer.Option(help="Begin as content (default) or noise.", rich_help_panel=GATYS)
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(help="What looks: glance (default), vgg19, a file or a folder.", rich_help_panel=GATYS),
    ] = None,
    keyframe_every: Annotated[
        int | None,
        typer.Option(help="Of a clip, at least one of so many frames is optimized; default 25.", rich_help_panel=GATYS),
    ] = None,
    every_frame: Annotated[
        bool, typer.Option("--every-frame", help="Optimize every frame of a clip.", rich_help_panel=GATYS)
    ] = False,
    passes: Annotated[
        int,
        typer.Option(
            help="With --every-frame: go over every shot so many times, forwards and backwards.", rich_help_panel=GATYS
        ),
    ] = 1,
    keyframes: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Paintings of frames, 000000.png for the first one painted: yours are taken, new ones are left there; "
            "a second run goes on.",
            rich_help_panel=GATYS,
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite/--no-overwrite", help="Replace an existing result.", rich_help_panel=OUTPUT)
    ] = True,
    json: Annotated[
        bool, typer.Option("--json", help="Progress and result as JSON lines on stdout.", rich_help_panel=OUTPUT)
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress bar, no notes.", rich_help_panel=OUTPUT)
    ] = False,
) -> None:
    """Paint a clip in the style of a picture; sound, subtitles, times and tags stay."""
    gatys = {
        "content": content_weight,
        "style": style_weight,
        "variation": variation_weight,
        "steps": steps,
        "optimizer": optimizer,
        "init": init,
    }
    gatys = {name: value for name, value in gatys.items() if value is not None}
    if method not in ("model", "gatys"):
        raise OptionError(f"no method is called {method}; choose model or gatys")
    if (gatys or encoder or every_frame or keyframes or keyframe_every is not None) and method != "gatys":
        raise OptionError("weights, steps, optimizer, init, encoder and keyframes are for --method gatys")
    if passes != 1 and (not every_frame or keyframes or temporal == "off"):
        raise OptionError("--passes is for --every-frame, without --keyframes and not with --temporal off")
    if keyframes and temporal == "off":
        raise OptionError("--temporal off paints every frame by itself, without --keyframes; leave one of them away")
    times: dict[str, Any] = {"start": parse_time(start) if start else None, "end": parse_time(end) if end else None}
    encoder_options, batch_size = pairs(encoder_option or []), frames_at_once(batch)
    check_input(input)
    styles = weighted_styles(style)
    with progress_bar(not json and not quiet) as bar, told_of(keyframes):
        task = bar.add_task(input.name, total=None, of="?")
        from vidstyle.pipeline import Progress
        from vidstyle.pipeline import stylize as run

        def on_progress(event: Progress) -> None:
            if json:
                print_json(
                    {
                        "event": "progress",
                        "frames": event.frames,
                        "total": event.total,
                        "fps": round(event.fps, 2),
                        "eta": event.eta,
                        "limited_by": event.limited_by,
                    }
                )
            else:
                bar.update(
                    task,
                    completed=event.frames,
                    total=event.total,
                    of=event.total or "?",
                    rate=f"{event.fps:5.1f} fps  limited by {event.limited_by}",
                )

        def on_note(text: str) -> None:
            if json:
                print_json({"event": "note", "text": text})
            elif not quiet:
                note(text)

        def on_step(share: float, energy: float) -> None:
            if json:
                print_json({"event": "step", "share": round(share, 4), "energy": round(energy, 5)})
            else:
                bar.update(task, completed=int(bar.tasks[task].completed) + share, rate=f"energy {energy:.3f}")

        def on_keyframe(number: int, found: bool) -> None:
            if json:
                print_json({"event": "keyframe", "frame": number, "found": found})
            elif not quiet:
                bar.console.print(f"frame {number}: " + ("its painting was found" if found else "a keyframe"))

        def on_frame(number: int, frame: int) -> None:
            if json:
                print_json({"event": "pass", "pass": number + 1, "of": passes, "frame": frame})
            else:
                bar.update(task, description=f"{input.name}, pass {number + 1}/{passes}, frame {frame}")

        machine = (device, precision, runtime, flow)
        every = 1 if every_frame else 25 if keyframe_every is None else keyframe_every
        painter: Any = model
        if method == "gatys":
            tell = (on_note, on_step, on_keyframe, on_frame)
            painter = gatys_painter(gatys, encoder or "glance", model, every, passes, keyframes, machine, tile, *tell)
        result = run(
            input,
            styles,
            output,
            model=painter,
            strength=strength,
            keep_color=keep_color,
            masks=mask or [],
            feather=feather,
            follow_mask=follow_mask,
            temporal=temporal,
            flow=flow,
            style_size=style_size,
            walk=walk,
            max_side=max_side,
            **times,
            seed=seed,
            device=device,
            precision=precision,
            runtime=runtime,
            tile=tile,
            batch=batch_size,
            codec=codec,
            crf=crf,
            preset=preset,
            pix_fmt=pix_fmt,
            encoder_options=encoder_options,
            deinterlace=not keep_fields,
            hardware_decoding=None if hardware_decoding == "off" else hardware_decoding,
            max_pixels=max_pixels,
            overwrite=overwrite,
            on_progress=on_progress,
            on_note=on_note,
        )
    if json:
        print_json({"event": "done", **result.to_dict()})
    elif not quiet:
        frames = f"{result.frames} frame" + ("s" if result.frames != 1 else "")
        size = f"{result.size[0]}×{result.size[1]}"
        rate = f"{result.fps:.1f} fps " if result.frames > 1 else ""
        speed = f"{rate}on {result.runtime}, {result.seconds:.1f} s in all"
        out.print(f"{result.output}: {frames}, {size}, {speed}")
