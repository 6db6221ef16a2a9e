"""The VapourSynth function in real VapourSynth, with a real engine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from . import scripted
from .engine import Engine, difference, moving_picture, paintings

pytestmark = pytest.mark.hosts

PLUGINS = Path(__file__).parents[2] / "plugins"
HOST = Path(__file__).with_name("vapoursynth_host.py")
COUNT, HEIGHT, WIDTH = 24, 64, 128


def python_with_vapoursynth() -> str | None:
    names = [os.environ.get("VAPOURSYNTH_PYTHON", ""), *(f"python3.{minor}" for minor in range(15, 11, -1)), "python3"]
    for python in filter(None, map(shutil.which, filter(None, names))):
        if subprocess.run([python, "-c", "import vapoursynth"], capture_output=True).returncode == 0:
            return python
    return None


@pytest.fixture(scope="module")
def python() -> str:
    found = python_with_vapoursynth()
    if found is None:
        pytest.skip("needs a Python with VapourSynth (3.12, pip install vapoursynth); VAPOURSYNTH_PYTHON names one")
    if not (shutil.which("cc") and shutil.which("make")):
        pytest.skip("needs a C compiler and make")
    return found


@pytest.fixture(scope="module")
def build(python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build")
    for target in ("all", "sanitized"):
        command = ["make", "-C", PLUGINS / "vapoursynth", f"BUILD={folder}", f"PYTHON={python}", target]
        made = subprocess.run(command, capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        assert "warning" not in made.stderr
    return folder


@pytest.fixture(scope="module")
def engine(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with Engine(tmp_path_factory.mktemp("engine") / "run", model) as running:
        yield running


@pytest.fixture(scope="module")
def frames() -> np.ndarray:
    """(N, H, W, 3) uint8."""
    return moving_picture(COUNT, HEIGHT, WIDTH)


class Run:
    """vapoursynth_host.py, run: what it tells, and the planes that came out, (N, 3, H, W) for RGB24."""

    def __init__(self, folder: Path, python: str, build: Path, planes: np.ndarray, **task: Any) -> None:
        (folder / "in").write_bytes(planes.tobytes())
        task = {"format": "RGB24", "width": WIDTH, "height": HEIGHT} | task
        environment = os.environ | {"PYTHONPATH": str(build / "vapoursynth"), "VIDSTYLE_SOCKET": str(folder / "nobody")}
        command = [python, str(HOST), str(folder / "in"), str(folder / "out"), json.dumps(task)]
        ran = subprocess.run(
            command, env=environment | task.pop("environment", {}), capture_output=True, text=True, timeout=300
        )
        self.errors, self.code = ran.stderr, ran.returncode
        if self.code == 0:
            told = json.loads(ran.stdout)
            self.log, self.painted, self.tags = told["log"], told["painted"], told["tags"]
            self.codes = np.frombuffer((folder / "out").read_bytes(), np.uint8)

    @property
    def rgb(self) -> np.ndarray:
        """(N, H, W, 3)."""
        return self.codes.reshape(-1, 3, HEIGHT, WIDTH).transpose(0, 2, 3, 1)


def planes(frames: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(frames.transpose(0, 3, 1, 2))


@pytest.fixture
def run(python, build, tmp_path, engine, frames):
    def run(**task: Any) -> Run:
        task.setdefault("stylize", {})
        task["stylize"] = {"style": "waves", "socket": str(engine.socket)} | task["stylize"]
        return Run(tmp_path, python, build, task.pop("planes", planes(frames)), **task)

    return run


@pytest.mark.parametrize("temporal", ["off", "fast"])
def test_what_comes_out_is_what_vidstyle_paints(run, frames, model, temporal: str) -> None:
    ran = run(stylize={"temporal": temporal})
    assert ran.code == 0, ran.errors
    own = paintings(model, "waves", frames, temporal)
    assert difference(own, frames) > 10
    assert difference(ran.rgb, own) < 0.05
    assert ran.painted == [1] * COUNT
    assert ran.log == []


def test_the_order_of_requests_changes_nothing(run) -> None:
    """All at once and shuffled in eights, as threads ask; and anyhow, where painting may begin from the start."""
    plain = run(stylize={"temporal": "fast"}).rgb
    rng = np.random.default_rng(0)
    eights = [int(n) for at in range(0, COUNT, 8) for n in rng.permutation(np.arange(at, at + 8))]
    anyhow = [int(n) for n in rng.permutation(COUNT)]
    threads = run(order=eights, together=True, stylize={"temporal": "fast"}).rgb
    assert (threads == plain[eights]).all()
    whole = run(order=anyhow, stylize={"temporal": "fast", "lead": COUNT}).rgb
    assert (whole == plain[anyhow]).all()
    assert not (run(order=anyhow, stylize={"temporal": "off"}).rgb == plain[anyhow]).all()


def test_yuv_goes_as_it_is_by_its_tags(python, build, tmp_path) -> None:
    """The protocol's numbers of format, matrix and range, of clips with tags and without."""
    asked = []

    def script(peer: scripted.Peer) -> None:
        peer.welcome()
        slot, _, number = peer.frame()
        asked.append(peer.shape[2:5])
        peer.paint(slot)
        peer.done(slot, number)
        peer.read()  # until the client has gone

    codes = np.random.default_rng(0).integers(0, 256, (1, HEIGHT * WIDTH * 3 // 2), np.uint8)
    with scripted.Engine(tmp_path / "s", script):
        for props in ({}, {"_Matrix": 1, "_Range": 1}, {"_Matrix": 9, "_ColorRange": 1}):
            stylize = {"style": "waves", "socket": str(tmp_path / "s")}
            ran = Run(tmp_path, python, build, codes, format="YUV420P8", props=props, stylize=stylize)
            assert ran.code == 0, ran.errors
            assert (ran.codes == 255 - codes[0]).all()
    assert asked == [(3, 1, 1), (3, 2, 2), (3, 3, 1)]


def test_other_formats_come_back_as_they_were_and_it_is_said(run, frames, model) -> None:
    ran = run(convert="YUV444P16", stylize={"temporal": "off"})
    assert ran.code == 0, ran.errors
    assert ran.painted == [1] * COUNT
    assert len(ran.log) == 1
    assert "8 bits" in ran.log[0]
    y, u, v = ran.codes.view(np.uint16).reshape(COUNT, 3, HEIGHT, WIDTH).transpose(1, 0, 2, 3) / 256.0
    luma = (y - 16) / 219  # BT.601, limited
    red = luma + 1.402 * (v - 128) / 224
    blue = luma + 1.772 * (u - 128) / 224
    own = paintings(model, "waves", frames) / 255.0
    assert np.abs(red - own[..., 0]).mean() < 0.01
    assert np.abs(blue - own[..., 2]).mean() < 0.01
    assert ran.tags["_Matrix"] == 6


@pytest.mark.parametrize("convert", ["", "YUV422P10"])
def test_without_an_engine_frames_pass_and_it_is_said_once(run, frames, tmp_path: Path, convert: str) -> None:
    plain = run(convert=convert, stylize={"style": "", "socket": ""})
    ran = run(convert=convert, stylize={"socket": str(tmp_path / "nobody")})
    assert ran.code == 0, ran.errors
    assert (ran.codes == plain.codes).all()
    assert ran.painted == [0] * COUNT
    assert sum("no engine" in line for line in ran.log) == 1
    if not convert:
        assert (ran.rgb == frames).all()


def test_an_engine_that_is_killed_in_mid_run(run, frames, model, tmp_path: Path) -> None:
    with Engine(tmp_path / "run", model) as engine:
        ran = run(kill=[6, engine.process.pid], stylize={"temporal": "off", "socket": str(engine.socket)})
    assert ran.code == 0, ran.errors
    assert difference(ran.rgb[:6], paintings(model, "waves", frames[:6])) < 0.05
    assert ran.painted[:6] == [1] * 6
    assert ran.painted[7:] == [0] * (COUNT - 7)
    assert (ran.rgb[7:] == frames[7:]).all()
    assert len(ran.log) == 1


@pytest.mark.parametrize(
    ("stylize", "word"), [({"strength": 1.5}, "strength"), ({"temporal": "best"}, "temporal"), ({"lead": -1}, "lead")]
)
def test_mistakes_are_told(run, stylize: dict[str, Any], word: str) -> None:
    ran = run(stylize=stylize)
    assert ran.code == 1
    assert f"vs.Error: vidstyle: {word}" in ran.errors


def test_vspipe(python, build, engine, frames, model, tmp_path: Path) -> None:
    """A flat picture, through vspipe as y4m; every frame is the painting of its colour."""
    vspipe = Path(subprocess.check_output([python, "-c", "import vapoursynth; print(vapoursynth.__file__)"], text=True))
    script = tmp_path / "script.vpy"
    script.write_text(
        f"""import sys
sys.path.insert(0, {str(build / "vapoursynth")!r})
import vapoursynth as vs, vidstyle_vs
clip = vs.core.std.BlankClip(width={WIDTH}, height={HEIGHT}, format=vs.YUV420P8, length=5, color=[120, 90, 170])
vidstyle_vs.stylize(clip, ["waves:0.5", "mosaic:0.5"], socket={str(engine.socket)!r}).set_output()
"""
    )
    home = os.environ | {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    subprocess.run([python, "-m", "vapoursynth", "config"], env=home, check=True, capture_output=True)
    command = [str(vspipe.with_name("vspipe")), "-c", "y4m", str(script), "-"]
    ran = subprocess.run(command, env=home, capture_output=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    head, *pictures = ran.stdout.split(b"FRAME\n")
    assert f"W{WIDTH} H{HEIGHT}".encode() in head
    assert len(pictures) == 5
    assert all(len(picture) == WIDTH * HEIGHT * 3 // 2 for picture in pictures)
    assert pictures[0] != bytes([120]) * (WIDTH * HEIGHT) + bytes([90]) * (WIDTH * HEIGHT // 4) + bytes([170]) * (
        WIDTH * HEIGHT // 4
    )


@pytest.mark.slow
def test_the_sanitizers_find_nothing(run, build) -> None:
    library = subprocess.run(["cc", "-print-file-name=libasan.so"], capture_output=True, text=True).stdout.strip()
    if not Path(library).is_absolute():
        pytest.skip("needs a compiler with the address sanitizer")
    more = {
        "PYTHONPATH": str(build / "sanitized" / "vapoursynth"),
        "LD_PRELOAD": f"{Path(library).resolve()} libstdc++.so.6",  # which the sanitizer looks for when it begins
        "ASAN_OPTIONS": "detect_leaks=0",  # Python's own are too many to see any of the plugin's
    }
    ran = run(environment=more, order=[3, 2, 9, 0, 20], together=True)
    assert ran.code == 0, ran.errors
    assert "runtime error" not in ran.errors
