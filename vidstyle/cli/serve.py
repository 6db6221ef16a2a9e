"""`vidstyle serve-frames`: the engine for plugins in other programs."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from platformdirs import user_cache_path
from rich.live import Live
from rich.text import Text

from vidstyle.errors import OptionError

from .terminal import Interrupted, errors, note, out

if TYPE_CHECKING:
    from vidstyle.bridge.server import FrameServer

__all__ = ["serve_frames"]

DESCRIPTORS = 4096
"""Files that may be open at once, if the system lets us; a client needs five at most."""


def serve_frames(
    socket: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="Where to listen; default: $VIDSTYLE_SOCKET or $XDG_RUNTIME_DIR/vidstyle/engine.sock."
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
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="A line for all that comes and goes.")] = False,
) -> None:
    """Paint frames of other programs: ffmpeg, OBS, GStreamer and others, through their vidstyle plugins."""
    if sys.platform != "linux":
        raise OptionError("frames are served on Linux only; see plugins/PROTOCOL.md")
    if not 1 <= max_pixels < 2**31:
        raise OptionError(f"max-pixels {max_pixels} makes no sense; give 1 to {2**31 - 1}")
    if idle_exit is not None and not 0 < idle_exit < float("inf"):
        raise OptionError(f"{idle_exit:g} seconds make no sense; give --idle-exit a positive number")
    for folder in styles or []:
        if not folder.is_dir():
            raise OptionError(f"{folder} is no folder; give one to --styles")
    from vidstyle.bridge.place import Place

    server: FrameServer | None = None
    ended = 0

    def end(number: int, frame: object) -> None:
        nonlocal ended
        ended = number
        if server:
            server.stop()
        elif number == signal.SIGINT:
            raise Interrupted("stopped")
        else:
            sys.exit(0)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    place = Place(socket)
    try:
        from vidstyle.bridge.lately import Lately
        from vidstyle.bridge.readiness import SIZES
        from vidstyle.bridge.server import FrameServer
        from vidstyle.stylizers import Stylizer

        # The thread that reads styles must let go of the interpreter sooner than after the usual 5 ms.
        sys.setswitchinterval(0.0005)
        stylizer = Stylizer(model, device, precision, note=note)
        folders = [*(styles or []), *_home()]
        options: dict[str, Any] = {"max_pixels": max_pixels, "connections": _clients()}
        options["lately"] = Lately(user_cache_path("vidstyle") / "sizes.json", SIZES)
        server = FrameServer(stylizer, place.socket, folders, **options, log=_log if verbose else lambda text: None)
        out.print(f"{stylizer.name} on {stylizer.device.type} by {stylizer.runtime}, listening at {place.path}")
        with _status(server, shown=not verbose and errors.is_terminal):
            server.run(idle_exit)
    finally:
        place.close()
    if ended == signal.SIGINT:
        raise typer.Exit(130)


def _home() -> list[Path]:
    """The home folder, unless it is everything."""
    home = Path.home()
    return [home] if home != Path(home.anchor) else []


def _clients() -> int:
    """As many as there can be descriptors for."""
    import resource

    from vidstyle.bridge.server import CONNECTIONS

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < enough:
        resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))
        soft = enough
    return CONNECTIONS if soft == resource.RLIM_INFINITY else max(1, min(CONNECTIONS, (soft - 64) // 5))


def _log(text: str) -> None:
    # Where a host that started the engine has ended, nobody reads any more.
    with suppress(OSError):
        errors.print(text)


@contextmanager
def _status(server: FrameServer, shown: bool) -> Iterator[None]:
    """How it stands, on a line of a terminal's own."""
    before, since = 0, time.monotonic()

    def line() -> Text:
        nonlocal before, since
        now, frames = time.monotonic(), server.painted + server.passed
        rate, before, since = (frames - before) / max(now - since, 1e-3), frames, now
        clients = f"clients: {len(server.connections)}"
        return Text(f"{clients}  frames a second: {rate:.1f}  painted: {server.painted}", style="cyan")

    if not shown:
        yield
        return
    with Live(get_renderable=line, console=errors, refresh_per_second=1, transient=True):
        yield
