"""`vidstyle plugins` with a home folder of its own, asked by the hosts themselves."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .engine import Engine

pytestmark = pytest.mark.hosts


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """The environment of a user whose home folder is empty."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "GST_", "VIDSTYLE_"))}
    return kept | {"HOME": str(tmp_path / "home"), "VIDSTYLE_SOCKET": str(tmp_path / "run" / "engine.sock")}


def plugins(home: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "vidstyle", "plugins", *arguments]
    return subprocess.run(command, env=home, capture_output=True, text=True)


def installed(home: dict[str, str]) -> set[str]:
    """Files in the home folder, but what programs cache."""
    root = Path(home["HOME"])
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() and ".cache" not in path.parts}


def test_gstreamer_finds_the_element_when_it_is_installed_and_only_then(home) -> None:
    headers = ["pkg-config", "--exists", "gstreamer-video-1.0"]
    if not (shutil.which("gst-inspect-1.0") and shutil.which("cc") and shutil.which("pkg-config")):
        pytest.skip("needs gst-inspect-1.0, a C compiler and pkg-config")
    if subprocess.run(headers).returncode:
        pytest.skip("needs libgstreamer-plugins-base1.0-dev")

    def inspect() -> int:
        return subprocess.run(["gst-inspect-1.0", "vidstyle"], env=home, capture_output=True).returncode

    assert inspect() != 0
    ran = plugins(home, "install", "gstreamer")
    assert ran.returncode == 0, ran.stderr
    assert "~/.local/share/gstreamer-1.0/plugins" in ran.stdout
    assert inspect() == 0
    (one,) = json.loads(plugins(home, "status", "gstreamer", "--json").stdout)["hosts"]
    assert one["version"].startswith("gst 1.")
    assert one["built"]
    assert Path(one["installed"]).is_relative_to(home["HOME"])
    assert not one["foreign"]
    assert plugins(home, "uninstall").returncode == 0
    assert inspect() != 0
    assert installed(home) == set()


def test_frei0r_in_ffmpeg(home, tmp_path: Path) -> None:
    if not shutil.which("ffmpeg") or "--enable-frei0r" not in subprocess.check_output(
        ["ffmpeg", "-version"], text=True
    ):
        pytest.skip("needs an ffmpeg with frei0r")
    if subprocess.run(["cc", "-E", "-include", "frei0r.h", "-x", "c", "/dev/null"], capture_output=True).returncode:
        pytest.skip("needs frei0r-plugins-dev")
    command = shlex.split("ffmpeg -v error -f lavfi -i testsrc=s=64x64 -frames:v 1 -vf frei0r=vidstyle -f null -")
    assert subprocess.run(command, env=home, capture_output=True).returncode != 0
    assert plugins(home, "install", "frei0r").returncode == 0
    ran = subprocess.run(command, env=home, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert plugins(home, "uninstall", "frei0r").returncode == 0
    assert installed(home) == set()


def test_a_host_that_does_not_tell_its_version_is_here(home, tmp_path: Path) -> None:
    """As Kdenlive without a session bus."""
    (tmp_path / "kdenlive").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "kdenlive").chmod(0o755)
    ran = plugins(home | {"PATH": f"{tmp_path}:{home['PATH']}"}, "status", "kdenlive")
    assert ran.stdout.startswith("Kdenlive: kdenlive; not installed")


def test_status_tells_of_the_engine(home, model: Path, tmp_path: Path) -> None:
    ran = plugins(home, "status", "kdenlive")
    assert ran.returncode == 0
    assert "engine: none at" in ran.stdout
    with Engine(tmp_path / "run", model):
        assert "engine: tiny at" in plugins(home, "status", "kdenlive").stdout


def test_an_unknown_host(home) -> None:
    ran = plugins(home, "install", "nuke")
    assert ran.returncode == 2
    assert "choose from" in ran.stderr
