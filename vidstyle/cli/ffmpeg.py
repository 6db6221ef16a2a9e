"""`vidstyle ffmpeg -- …`: ffmpeg, with painting among its filters."""

from __future__ import annotations

import os
import shutil
import signal
import socket as sockets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from vidstyle.errors import OptionError, VidstyleError
from vidstyle.styles import builtin_styles, find_style, parse_style

from .terminal import note

__all__ = ["ffmpeg"]


def ffmpeg(
    arguments: Annotated[list[str], typer.Argument(metavar="-- FFMPEG-ARGUMENTS …", help="What ffmpeg is to do.")],
    style: Annotated[
        list[str], typer.Option("--style", "-s", metavar="STYLE[:WEIGHT]", help="A picture or a built-in; repeatable.")
    ],
    strength: Annotated[float, typer.Option(help="0 (the original) to 1 (the painting).")] = 1.0,
    temporal: Annotated[str, typer.Option(help="off or fast: how steady in time.")] = "fast",
    keep_color: Annotated[bool, typer.Option("--keep-color", help="Keep the clip's colours.")] = False,
    model: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="A model's name or a checkpoint file; starts an engine.")
    ] = None,
) -> None:
    """Run ffmpeg and paint the video on its way: vidstyle ffmpeg --style waves -- -i in.mp4 -crf 18 out.mp4

    The painting comes behind the filters of -vf, or where `vidstyle` stands among them: -vf scale=640:-2,vidstyle
    """
    if not 0 <= strength <= 1:
        raise OptionError(f"strength {strength} is outside 0 to 1")
    if temporal not in ("off", "fast"):
        raise OptionError(f"temporal {temporal} cannot be had here; give off or fast")
    program = shutil.which("ffmpeg")
    if program is None:
        raise OptionError("there is no ffmpeg; install it (Debian: apt install ffmpeg)")
    from vidstyle.bridge.ffmpeg import chain, find_plugin, look, split

    wrapped = split(arguments)
    plugin = find_plugin()
    styles = [_whole(*parse_style(text)) for text in style]
    frames = look(program, wrapped)
    environment = os.environ | {"FREI0R_PATH": ":".join(filter(None, (str(plugin), os.environ.get("FREI0R_PATH"))))}
    with _engine(model, [folder for _, folder in styles if folder]) as place:
        painting = chain(frames, "\t".join(text for text, _ in styles), strength, temporal, keep_color, place)
        code = _run([program, *wrapped.arguments(painting)], environment)
    raise typer.Exit(code)


def _whole(name: str, weight: float) -> tuple[str, Path | None]:
    """A style as the engine takes it, and the folder that it is to be allowed."""
    if name in builtin_styles() and not Path(name).is_file():
        return f"{name}:{weight:g}", None
    path = find_style(name).resolve()
    return f"{path}:{weight:g}", path.parent


@contextmanager
def _engine(model: str | None, folders: list[Path]) -> Iterator[Path]:
    """Where an engine listens: the one that runs, or one for the time being."""
    from vidstyle.bridge.place import default_socket

    if model is None and _listens(default_socket()):
        yield default_socket()
        return
    with tempfile.TemporaryDirectory(prefix="vidstyle-") as folder:
        place = Path(folder) / "engine.sock"
        command = [sys.executable, "-m", "vidstyle", "serve-frames", "--socket", str(place), "--idle-exit", "60"]
        command += ["--model", model] if model else []
        command += [word for allowed in folders for word in ("--styles", str(allowed))]
        # A session of its own: Ctrl-C is for ffmpeg, which then ends well.
        engine = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True)
        try:
            assert engine.stdout
            if not engine.stdout.readline():  # it says when it is ready, and why it is not on stderr
                raise VidstyleError("the engine could not be started")
            yield place
            if engine.poll() is not None:
                note("the engine has ended before its time; what came then is not painted")
        finally:
            engine.terminate()
            try:
                engine.wait(10)
            except subprocess.TimeoutExpired:
                engine.kill()
                engine.wait()


def _listens(place: Path) -> bool:
    with sockets.socket(sockets.AF_UNIX) as probe:
        try:
            probe.connect(str(place))
        except OSError:
            return False
        return True


def _run(command: list[str], environment: dict[str, str]) -> int:
    """Run a program to its end, handing on what would end us; its exit code."""
    process = subprocess.Popen(command, env=environment)
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda number, frame: process.send_signal(number)) for number in numbers]
    try:
        code = process.wait()
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code
