"""One host's plugin: how it stands; built and put into place."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from vidstyle.errors import OptionError, OutputError

from .catalog import HOSTS, Host
from .placing import Record, place

__all__ = ["Standing", "checkout", "find_hosts", "install", "standing"]

HERE = Path(__file__).parents[2]


def checkout() -> Path:
    """The folder `plugins` of the checkout that this code is in. OptionError where there is none."""
    if not sys.platform.startswith("linux"):
        raise OptionError("the plugins are built for Linux so far; see plugins/PROTOCOL.md, What is not built")
    sources = HERE / "plugins"
    if not (sources / "Makefile").is_file():
        raise OptionError("the plugins are built from a checkout of vidstyle; run this command of one (make demo)")
    return sources


def find_hosts(names: list[str]) -> list[Host]:
    """Hosts by their names, all of them where none is given. OptionError for another name."""
    known = {host.name.lower(): host for host in HOSTS}
    for name in names:
        if name.lower() not in known:
            raise OptionError(f"no host is called {name}; choose from {', '.join(h.name.lower() for h in HOSTS)}")
    return [known[name.lower()] for name in names] or list(HOSTS)


@dataclass(frozen=True)
class Standing:
    """How a host's plugin stands.

    version: empty where the host is not here. builds: there is something to build. missing: what that lacks. installed:
    where the first file is. foreign: it was put there by other means, or changed since.
    """

    host: str
    version: str
    builds: bool
    missing: str
    built: bool
    installed: Path | None
    foreign: bool


def standing(host: Host, record: Record) -> Standing:
    """Look, and touch nothing."""
    files = host.files(checkout(), checkout() / "build")
    there = [target for target in files.values() if target.exists()]
    return Standing(
        host=host.name,
        version=host.version(),
        builds=bool(host.headers),
        missing=host.missing(),
        built=bool(files) and all(source.is_file() for source in files),
        installed=there[0] if files and len(there) == len(files) else None,
        foreign=any(not record.owns(target) for target in there),
    )


def install(host: Host, record: Record) -> Path:
    """Build a plugin and put it where its host looks; returns where. OutputError where that cannot be done."""
    sources = checkout()
    built = sources / "build"
    if missing := host.missing():
        raise OutputError(f"it cannot be built here; run: apt-get install {missing}")
    files = host.files(sources, built)
    if not files:
        raise OutputError(f"{host.name} is not here, or has no folder for plugins")
    if host.headers:
        _run(host, sources, built)
    place(record, host.name, files)
    return next(iter(files.values()))


def _run(host: Host, sources: Path, built: Path) -> None:
    for command in host.build(sources, built):
        if not shutil.which(command[0]):
            raise OutputError(f"it cannot be built here; run: apt-get install {command[0]}")
        ran = subprocess.run(command, capture_output=True, text=True, errors="replace")
        if ran.returncode:
            lines = (ran.stderr or ran.stdout).strip().splitlines() or ["it failed"]
            raise OutputError(f"{' '.join(command)}: {next((x for x in lines if 'error' in x), lines[-1])}")
