"""`vidstyle plugins`: put plugins into the folders of their hosts, say how they stand, take them away."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vidstyle.errors import VidstyleError

from .terminal import fail, out, print_json

if TYPE_CHECKING:
    from vidstyle.hosts import Standing

__all__ = ["app"]

app = typer.Typer(help="Plugins for other programs: put them into these programs' folders, or take them away.")
Names = Annotated[
    list[str] | None, typer.Argument(metavar="[HOST]…", help="frei0r, kdenlive, shotcut, obs, gstreamer, vapoursynth.")
]


@app.command()
def status(hosts: Names = None, json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Tell which hosts are here, and how their plugins and the engine stand."""
    from vidstyle.bridge.greeting import greet
    from vidstyle.bridge.place import default_socket
    from vidstyle.hosts import Record, find_hosts, standing

    record = Record.load()
    found = [standing(host, record) for host in find_hosts(hosts or [])]
    socket = default_socket()
    model = greet(socket)
    if json:
        print_json({"hosts": [asdict(one) for one in found], "engine": {"socket": socket, "model": model}})
        return
    for one in found:
        out.print(_line(one))
    if model is None:
        out.print(f"engine: none at {socket}; run: vidstyle serve-frames")
    else:
        out.print(f"engine: {model or 'does not answer'} at {socket}")


@app.command()
def install(hosts: Names = None) -> None:
    """Build the plugins of the hosts that are here, or of those named, and put them into the user's folders."""
    from vidstyle.hosts import Record, find_hosts
    from vidstyle.hosts import install as install_one

    record, failed = Record.load(), False
    for host in find_hosts(hosts or []):
        if not hosts and not host.version():
            out.print(f"{host.name}: not found here")
            continue
        try:
            out.print(f"{host.name}: installed as {_short(install_one(host, record))}")
        except VidstyleError as error:
            failed = True
            fail(f"{host.name}: {error}")
    if failed:
        raise typer.Exit(2)


@app.command()
def uninstall(hosts: Names = None) -> None:
    """Take away what `install` put, and nothing else."""
    from vidstyle.hosts import Record, find_hosts, take_away

    record = Record.load()
    for host in find_hosts(hosts or []):
        count, changed = take_away(record, host.name)
        left = f"; changed since, and left: {', '.join(map(_short, changed))}" if changed else ""
        out.print(f"{host.name}: {'removed' if count else 'nothing to remove'}{left}")


def _line(one: Standing) -> str:
    said = [one.version or "not found here"]
    if one.builds and one.version:
        said.append(f"building needs {one.missing}" if one.missing else "headers found")
        said.append("built" if one.built else "not built")
    by_others = ", not as this command did" if one.foreign else ""
    said.append(f"installed as {_short(one.installed)}{by_others}" if one.installed else "not installed")
    return f"{one.host}: {'; '.join(said)}"


def _short(path: Path) -> str:
    """With ~ for the home folder."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
