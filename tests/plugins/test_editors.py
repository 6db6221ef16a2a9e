"""Kdenlive and Shotcut themselves, with what `vidstyle plugins install` gives them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from . import scripted
from .x_window import Screen

pytestmark = pytest.mark.hosts

PATIENCE = 60.0  # seconds for anything that an editor is waited for
WIDTH, HEIGHT, COUNT = 64, 48, 20
PROJECT = """<?xml version="1.0" encoding="utf-8"?>
<mlt LC_NUMERIC="C">
  <profile width="64" height="48" progressive="1" sample_aspect_num="1" sample_aspect_den="1"
    display_aspect_num="4" display_aspect_den="3" frame_rate_num="25" frame_rate_den="1" colorspace="601"/>
  {consumer}
  <chain id="chain0"><property name="mlt_service">avformat</property><property name="resource">clip.mkv</property>
  {filter}</chain>
</mlt>
"""
ENCODER = {"vcodec": "ffv1", "pix_fmt": "bgra", "an": "1"}


@pytest.fixture
def clip(tmp_path: Path) -> np.ndarray:
    """(N, H, W, 4) uint8 RGBA, opaque; lossless in clip.mkv, in the projects' folder."""
    y, x, n = np.mgrid[:HEIGHT, :WIDTH, :COUNT]
    frames = np.stack([4 * x, 5 * y, 10 * n, np.full_like(x, 255)], -1).transpose(2, 0, 1, 3).astype(np.uint8)
    raw = ["-f", "rawvideo", "-pix_fmt", "rgba", "-s", f"{WIDTH}x{HEIGHT}", "-r", "25"]
    encode = ["-c:v", "ffv1", "-pix_fmt", "bgra", str(tmp_path / "clip.mkv")]
    subprocess.run(["ffmpeg", "-v", "error", *raw, "-i", "-", *encode], input=frames.tobytes(), check=True)
    return frames


def decoded(path: Path) -> np.ndarray:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgba", "-"]
    pixels = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(pixels, np.uint8).reshape(-1, HEIGHT, WIDTH, 4)


def paint(asked: list[str], painted: threading.Event, peer: scripted.Peer) -> None:
    """Turn every frame over, and note what was SET."""
    peer.welcome()
    while True:
        kind, slot, _, number, body = peer.read()
        if kind == scripted.OPEN:
            peer.send(scripted.OPENED)
        elif kind == scripted.SET:
            asked += body.decode().splitlines()
        elif kind == scripted.FRAME:
            peer.paint(slot)
            peer.done(slot, number)
            painted.set()


def install(environment: dict[str, str], *hosts: str) -> None:
    command = [sys.executable, "-m", "vidstyle", "plugins", "install", *hosts]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr


@pytest.fixture
def screen() -> Iterator[Screen]:
    for program in ("Xvfb", "xdotool", "ffmpeg", "melt"):
        if not shutil.which(program):
            pytest.skip(f"needs {program}")
    running = Screen()
    yield running
    running.close()


@pytest.fixture
def shotcut(screen: Screen, tmp_path: Path) -> dict[str, str]:
    """The environment of a user with a Shotcut of their own, for it reads filters only from beside its own."""
    program = shutil.which("shotcut")
    if not program:
        pytest.skip("needs shotcut")
    own = tmp_path / "own"
    without = shutil.ignore_patterns("vidstyle")  # which the machine's user may have put there
    shutil.copytree(Path(program).resolve().parents[1] / "share" / "shotcut", own / "share" / "shotcut", ignore=without)
    (own / "bin").mkdir()
    shutil.copy(Path(program).resolve(), own / "bin" / "shotcut")
    environment = screen.environment(tmp_path / "home")
    environment |= {"PATH": f"{own / 'bin'}:{os.environ['PATH']}", "VIDSTYLE_SOCKET": str(tmp_path / "s")}
    install(environment, "frei0r", "shotcut")
    return environment


def test_shotcut_adds_the_filter_paints_and_saves_it(screen, shotcut, clip, tmp_path: Path) -> None:
    """Found in its search, shown by its QML, painted in its player; the project that it saves renders painted."""
    project, output = tmp_path / "project.mlt", tmp_path / "out.mkv"
    project.write_text(PROJECT.format(consumer="", filter=""))
    painted, said, asked = threading.Event(), [], []
    with scripted.Engine(tmp_path / "s", partial(paint, asked, painted)):
        editor = subprocess.Popen(
            ["shotcut", project], env=shotcut, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        try:
            assert editor.stderr
            deadline = threading.Timer(PATIENCE, editor.kill)
            deadline.start()
            for line in editor.stderr:
                said.append(line)
                if "<MainWindow::open>" in line:
                    break
            deadline.cancel()
            assert any('added filter "Style Transfer (vidstyle)"' in line for line in said), said[-20:]
            threading.Thread(target=lambda: said.extend(editor.stderr), daemon=True).start()
            screen.press("project.mlt", "f", *"vidstyle", "Down", "Return")
            assert painted.wait(PATIENCE), said[-20:]
            screen.press("project.mlt", "ctrl+s")
            saved = wait_for_text(project, "frei0r.vidstyle")
        finally:
            editor.kill()
            editor.wait()
        assert '<property name="style">waves</property>' in saved  # as ui.qml sets it
        assert not [line for line in said if "vidstyle/ui.qml" in line]
        target = [f"avformat:{output}", *(f"{key}={value}" for key, value in ENCODER.items())]
        subprocess.run(["melt", project, "-consumer", *target], env=shotcut, check=True, capture_output=True)
    # All but the last one, for MLT counts the clip's length in its own way.
    assert (decoded(output)[: COUNT - 1, ..., :3] == 255 - clip[: COUNT - 1, ..., :3]).all()


def wait_for_text(file: Path, text: str) -> str:
    """What a file has when `text` is in it and it is whole."""
    changed = threading.Event()
    for _ in range(int(PATIENCE / 0.1)):
        content = file.read_text()
        if text in content and "</mlt>" in content:
            return content
        changed.wait(0.1)
    raise AssertionError(content)


@pytest.mark.parametrize("renderer", [["melt"], ["kdenlive_render", "/usr/bin/melt"]], ids=["melt", "kdenlive"])
def test_a_project_finds_a_picture_beside_it(screen, clip, renderer, tmp_path: Path) -> None:
    """What editors save has paths without the project's folder; MLT makes whole those whose names it knows."""
    if not shutil.which(renderer[0]):
        pytest.skip("needs kdenlive, which takes 314 MB with all that it needs: apt-get install kdenlive")
    environment = screen.environment(tmp_path / "home")
    environment |= {"VIDSTYLE_SOCKET": str(tmp_path / "s"), "QT_QPA_PLATFORM": "offscreen"}
    install(environment, "frei0r")
    project, output = tmp_path / "project.mlt", tmp_path / "out.mkv"
    encoder = " ".join(f'{key}="{value}"' for key, value in ENCODER.items())
    # As in a project that Kdenlive 22.12 saved beside paint/glass.jpg.
    properties = {
        "mlt_service": "frei0r.vidstyle",
        "kdenlive_id": "frei0r.vidstyle",
        "style": "waves",
        "filename": "paint/glass.jpg",
        "strength": "00:00:00.000=1",
        "temporal": "fast",
        "keep-color": "0",
        "start": "0",
    }
    lines = "".join(f'<property name="{key}">{value}</property>' for key, value in properties.items())
    consumer = f'<consumer mlt_service="avformat" target="{output}" {encoder}/>'
    project.write_text(PROJECT.format(consumer=consumer, filter=f"<filter>{lines}</filter>"))
    asked: list[str] = []
    with scripted.Engine(tmp_path / "s", partial(paint, asked, threading.Event())):
        command = [*renderer, project, *([output] if renderer[1:] else [])]
        subprocess.run(command, env=environment, cwd="/", check=True, capture_output=True, timeout=PATIENCE)
    assert f"style={tmp_path}/paint/glass.jpg" in asked
    assert (decoded(output)[: COUNT - 1, ..., :3] == 255 - clip[: COUNT - 1, ..., :3]).all()
