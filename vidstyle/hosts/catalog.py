"""What hosts there are, how they are recognized, and where the files of their plugins belong."""

from __future__ import annotations

import os
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .python import vapoursynth

__all__ = ["HOSTS", "Command", "Host"]

Command = Sequence[str]
SECONDS = 60


def output_of(*command: str) -> str | None:
    """What a program prints; None where it is not there or fails."""
    try:
        # Programs with windows tell their version without one.
        environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
        ran = subprocess.run(
            command, env=environment, capture_output=True, text=True, errors="replace", timeout=SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ran.stdout + ran.stderr if ran.returncode == 0 else None


def base(variable: str, otherwise: str) -> Path:
    """One of the XDG base folders."""
    named = os.environ.get(variable, "")
    return Path(named) if named.startswith("/") else Path.home() / otherwise


def data() -> Path:
    return base("XDG_DATA_HOME", ".local/share")


@dataclass(frozen=True)
class Host(ABC):
    """A program that has a plugin. `sources` is the folder `plugins` of a checkout, `built` where it builds."""

    name: str
    programs: tuple[tuple[str, Command], ...] = ()
    """(what it calls itself before its version, a command that prints both)."""
    headers: Command = ()
    """Succeeds where there is what the plugin is built with; empty where nothing is built."""
    package: str = ""
    """What Debian has it in."""

    def version(self) -> str:
        """As in "ffmpeg 5.1, melt 7.12"; empty where the host is not here."""
        found = []
        for name, command in self.programs:
            _, _, rest = (output_of(*command) or "").partition(name)
            words = [word.strip("(),") for word in rest.split() if word[:1].isdigit()]
            # Kdenlive does not tell its version where there is no session bus.
            if words or shutil.which(command[0]):
                found.append(" ".join([command[0].removesuffix("-launch-1.0"), *words[:1]]))
        return ", ".join(found)

    def missing(self) -> str:
        """What building lacks, as Debian calls it; empty where it lacks nothing."""
        if self.headers and not shutil.which("cc"):
            return "build-essential"
        return self.package if self.headers and output_of(*self.headers) is None else ""

    def build(self, sources: Path, built: Path) -> list[Command]:
        """Commands that build the plugin."""
        return [["make", "-C", str(sources / self.name.lower()), f"BUILD={built}"]]

    @abstractmethod
    def files(self, sources: Path, built: Path) -> dict[Path, Path]:
        """What goes where; empty where the host has no place for it."""


class Frei0r(Host):
    def build(self, sources: Path, built: Path) -> list[Command]:
        return [["make", "-C", str(sources), f"BUILD={built}", str(built / "frei0r" / "vidstyle.so")]]

    def files(self, sources: Path, built: Path) -> dict[Path, Path]:
        return {built / "frei0r" / "vidstyle.so": Path.home() / ".frei0r-1" / "lib" / "vidstyle.so"}


class Kdenlive(Host):
    def files(self, sources: Path, built: Path) -> dict[Path, Path]:
        name = "frei0r_vidstyle.xml"
        return {sources / "frei0r" / "kdenlive" / name: data() / "kdenlive" / "effects" / name}


class Shotcut(Host):
    def files(self, sources: Path, built: Path) -> dict[Path, Path]:
        """Shotcut reads filters only from beside its own."""
        program = shutil.which("shotcut")
        filters = Path(program).resolve().parents[1] / "share" / "shotcut" / "qml" / "filters" if program else None
        if filters is None or not filters.is_dir():
            return {}
        described = sources / "frei0r" / "shotcut" / "vidstyle"
        return {file: filters / "vidstyle" / file.name for file in sorted(described.glob("*.qml"))}


class Obs(Host):
    def build(self, sources: Path, built: Path) -> list[Command]:
        folder = str(built / "obs")
        return [["cmake", "-S", str(sources / "obs"), "-B", folder], ["cmake", "--build", folder]]

    def files(self, sources: Path, built: Path) -> dict[Path, Path]:
        target = base("XDG_CONFIG_HOME", ".config") / "obs-studio" / "plugins" / "vidstyle"
        texts = sorted(file for file in (sources / "obs" / "data").rglob("*") if file.is_file())
        return {built / "obs" / "vidstyle.so": target / "bin" / "64bit" / "vidstyle.so"} | {
            file: target / file.relative_to(sources / "obs") for file in texts
        }


class GStreamer(Host):
    def files(self, sources: Path, built: Path) -> dict[Path, Path]:
        name = "libgstvidstyle.so"
        return {built / "gstreamer" / name: data() / "gstreamer-1.0" / "plugins" / name}


class VapourSynth(Host):
    def version(self) -> str:
        found = vapoursynth()
        return f"{found.release} in {found.python}" if found else ""

    def build(self, sources: Path, built: Path) -> list[Command]:
        found = vapoursynth()
        return [[*command, f"PYTHON={found.python}"] for command in super().build(sources, built)] if found else []

    def files(self, sources: Path, built: Path) -> dict[Path, Path]:
        found = vapoursynth()
        names = ("libvidstyle_vs.so", "vidstyle_vs.py")
        return {built / "vapoursynth" / name: found.modules / name for name in names} if found else {}


HOSTS: tuple[Host, ...] = (
    Frei0r(
        "frei0r",
        (("ffmpeg version", ("ffmpeg", "-version")), ("melt", ("melt", "--version"))),
        ("cc", "-E", "-include", "frei0r.h", "-x", "c", "/dev/null"),
        "frei0r-plugins-dev",
    ),
    Kdenlive("Kdenlive", (("kdenlive", ("kdenlive", "--version")),)),
    Shotcut("Shotcut", (("Shotcut", ("shotcut", "--version")),)),
    Obs(
        "OBS",
        (("OBS Studio", ("obs", "--version")),),
        ("pkg-config", "--exists", "libobs"),
        "libobs-dev libsimde-dev cmake",
    ),
    GStreamer(
        "GStreamer",
        (("GStreamer", ("gst-launch-1.0", "--version")),),
        ("pkg-config", "--exists", "gstreamer-video-1.0"),
        "libgstreamer-plugins-base1.0-dev",
    ),
    VapourSynth("VapourSynth", headers=("make", "--version"), package="make"),
)
