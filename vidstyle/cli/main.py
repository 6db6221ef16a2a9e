"""The command `vidstyle`: parse, call, report."""

from __future__ import annotations

import os
import signal
import sys
from typing import Annotated, Any, TextIO

import typer

from vidstyle import __version__
from vidstyle.errors import VidstyleError

from . import bench, doctor, evaluate, ffmpeg, live, models, pipe, plugins, probe, serve, styles, stylize, train, web
from .terminal import Interrupted, fail

__all__ = ["app", "main"]

app = typer.Typer(
    name="vidstyle",
    help="Stylize video: the picture is painted, everything else of the clip stays.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
)
MISUSE: Any = typer.BadParameter.__bases__[0]
"""Of an option or a command that is not there; typer's own class, or click's."""


def _version(show: bool) -> None:
    if show:
        typer.echo(f"vidstyle {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    # Before PyTorch is imported. Spinning, its idle threads would take the cores that OpenVINO and the codecs wait for;
    # where there is nothing but PyTorch, waking them costs more than half of the time.
    alone = context.invoked_subcommand in ("train", "evaluate")
    os.environ.setdefault("OMP_WAIT_POLICY", "ACTIVE" if alone else "PASSIVE")


app.command("stylize")(stylize.stylize)
app.command("pipe")(pipe.pipe)
app.command("live")(live.live)
app.command("styles")(styles.styles)
app.command("probe")(probe.probe)
app.command("doctor")(doctor.doctor)
app.command("bench")(bench.bench)
app.command("serve-frames")(serve.serve_frames)
app.command("ffmpeg")(ffmpeg.ffmpeg)
app.command("web")(web.web)
app.command("train")(train.train)
app.add_typer(models.app, name="models")
app.add_typer(plugins.app, name="plugins")
app.add_typer(evaluate.app, name="evaluate")


def _nowhere() -> TextIO:
    return open(os.devnull, "w")


def main() -> None:
    """Run the command; exit 0, 2 for what the user can put right, 130 for Ctrl-C."""
    # Where the shell closed an output (>&-), there is none.
    sys.stdout, sys.stderr = sys.stdout or _nowhere(), sys.stderr or _nowhere()
    stopped = False

    def interrupt(number: int, frame: object) -> None:
        nonlocal stopped
        stopped = True
        raise Interrupted

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    try:
        sys.exit(app(standalone_mode=False))
    except MISUSE as error:
        if said := error.format_message().rstrip("."):  # nothing where the help was printed
            fail(f"{said}; see {error.ctx.command_path if error.ctx else 'vidstyle'} --help")
        sys.exit(error.exit_code)
    except VidstyleError as error:
        fail(str(error))
        sys.exit(2)
    except OSError as error:  # the system's word on a name or a folder: too long, not readable
        fail(f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error))
        sys.exit(2)
    except Interrupted as stop:
        fail(str(stop) or "interrupted; nothing was written")
        sys.exit(130)
    except Exception:
        # OpenVINO makes an error of its own of whatever is raised while it calls Python.
        if not stopped:
            raise
        fail("interrupted; the output was not written")
        sys.exit(130)


if __name__ == "__main__":
    main()
