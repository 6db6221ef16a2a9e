"""`vidstyle serve-frames`: the engine for plugins in other programs."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer

from vidstyle.errors import OptionError

from .terminal import errors, note, out

__all__ = ["serve_frames"]


def serve_frames(
    socket: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Where to listen; default: $VIDSTYLE_SOCKET or $XDG_RUNTIME_DIR/vidstyle/engine.sock.",
        ),
    ] = None,
    model: Annotated[str, typer.Option(metavar="NAME|FILE", help="A model's name or a checkpoint file.")] = "brisk",
    styles: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="Clients may take style pictures from here, besides the home folder."),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    precision: Annotated[str, typer.Option(help="auto, fp32, fp16, bf16 or int8.")] = "auto",
    max_pixels: Annotated[int, typer.Option(help="Largest frame that is accepted, in pixels.")] = 8192 * 4320,
    idle_exit: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="End when nobody has been connected for so long.")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="A line for each client that comes or goes.")
    ] = False,
) -> None:
    """Paint frames of other programs: ffmpeg, OBS, GStreamer and others, through their vidstyle plugins."""
    if max_pixels < 1:
        raise OptionError(f"max-pixels {max_pixels} makes no sense; give 1 or more")
    for folder in styles or []:
        if not folder.is_dir():
            raise OptionError(f"--styles {folder} is no folder")
    from vidstyle.bridge.place import Place

    place = Place(socket)
    try:
        from vidstyle.bridge.server import FrameServer
        from vidstyle.stylizers import Stylizer

        stylizer = Stylizer(model, device, precision, note=note)
        log = errors.print if verbose else lambda text: None
        server = FrameServer(stylizer, place.socket, [*(styles or []), Path.home()], max_pixels, log)
        ended: list[int] = []

        def end(number: int, frame: object) -> None:
            ended.append(number)
            server.stop()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, end)
        out.print(f"{stylizer.name} on {stylizer.runtime}, listening at {place.path}")
        server.run(idle_exit)
    finally:
        place.close()
    if signal.SIGINT in ended:
        raise typer.Exit(130)
