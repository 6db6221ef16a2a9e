"""The filter in OBS itself: what it shows and what it records, with a real engine."""

from __future__ import annotations

import ctypes.util
import os
import queue
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from vidstyle.styles import builtin_styles

from . import scripted
from .engine import Engine, difference, moving_picture, paintings
from .obs_host import Obs

REPOSITORY = Path(__file__).parents[2]
WIDTH, HEIGHT, FPS = 256, 144, 10
PLUGIN = ".config/obs-studio/plugins/vidstyle"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder after `make install-obs`."""
    for program in ("obs", "Xvfb", "cmake", "cc"):
        if not shutil.which(program):
            pytest.skip(f"needs {program}")
    if not ctypes.util.find_library("obs"):
        pytest.skip("needs libobs-dev")
    home = tmp_path_factory.mktemp("installed")
    environment = {k: v for k, v in os.environ.items() if k != "XDG_CONFIG_HOME"} | {"HOME": str(home)}

    def make(target: str) -> None:
        command = ["make", "-C", REPOSITORY, target, f"OBS_BUILD={home / 'build'}"]
        made = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        assert "warning" not in made.stderr

    make("install-obs")
    make("uninstall-obs")
    assert not (home / PLUGIN).exists()
    make("install-obs")
    return home


@pytest.fixture
def home(installed: Path, tmp_path: Path) -> Path:
    shutil.copytree(installed / PLUGIN, tmp_path / "home" / PLUGIN)
    return tmp_path / "home"


@pytest.fixture(scope="module")
def still() -> np.ndarray:
    """(H, W, 3) uint8."""
    return moving_picture(1, HEIGHT, WIDTH)[0]


def write(path: Path, pixels: np.ndarray) -> Path:
    """RGB or RGBA as a PNG."""
    cv2.imwrite(str(path), cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA))
    return path


def image(path: Path) -> dict[str, Any]:
    return {"id": "image_source", "settings": {"file": str(path)}}


def painter(engine: Engine, kind: str = "vidstyle_filter", **settings: Any) -> list[dict[str, Any]]:
    settings = {"socket": str(engine.socket), "style": "waves", "temporal": "off", **settings}
    return [{"id": kind, "name": "painter", "enabled": True, "settings": settings}]


def like(expected: np.ndarray, tolerance: float = 1.0) -> Callable[[np.ndarray], bool]:
    """Takes a picture of the expected size whose mean absolute difference is within `tolerance` of 255."""
    return lambda picture: (
        picture.shape[:2] == expected.shape[:2] and difference(picture[..., :3], expected) < tolerance
    )


def shows(obs: Obs, expected: np.ndarray) -> None:
    """Wait for a picture, and until half a second more is recorded."""
    obs.wait_for_picture(like(expected))
    end = obs.recorded() + 0.5
    while obs.recorded() < end:
        pass


def states(recording: Path, *pictures: np.ndarray) -> list[int]:
    """Which of the pictures a recording shows, one after the other. Every frame shows one of them."""
    runs: list[int] = []
    with av.open(str(recording)) as container:
        for frame in container.decode(video=0):
            distances = [difference(frame.to_ndarray(format="rgb24"), picture) for picture in pictures]
            assert min(distances) < 6  # x264 and its 4:2:0
            state = int(np.argmin(distances))
            runs += [state] if runs[-1:] != [state] else []
    return runs


@pytest.mark.hosts
@pytest.mark.slow
def test_a_recording_through_which_the_engine_dies_and_comes_back(home, still, model, tmp_path) -> None:
    painting = paintings(model, "waves", still[None])[0]
    half = (still + 0.5 * (painting.astype(np.float32) - still)).round()
    assert difference(painting, still) > 20

    with Engine(tmp_path / "engine", model) as engine:
        source = image(write(tmp_path / "still.png", still)) | {"filters": painter(engine)}
        with Obs(home, source, (WIDTH, HEIGHT), FPS) as obs:
            obs.wait_for_picture(like(painting))
            obs.start_recording()
            shows(obs, painting)
            for enabled, expected in ((False, still), (True, painting)):
                obs("SetSourceFilterEnabled", sourceName="source", filterName="painter", filterEnabled=enabled)
                shows(obs, expected)
            obs.set_filter(strength=0.5)
            shows(obs, half)
            engine.signal(signal.SIGKILL)
            shows(obs, still)
            obs.wait_for_line("the engine has gone")
            with Engine(tmp_path / "engine", model):
                shows(obs, half)
                recording = obs.stop_recording()
    # In this order; where the machine is busy and the engine late for two seconds, the original may be between.
    seen = iter(states(recording, still, half, painting))
    assert all(state in seen for state in (2, 0, 2, 1, 0, 1))


@pytest.mark.hosts
@pytest.mark.slow
def test_alpha_another_size_and_a_hidden_source(home, still, model, tmp_path) -> None:
    alpha = np.full((HEIGHT, WIDTH, 1), 255, np.uint8)
    alpha[:, : WIDTH // 4] = 0
    alpha[:, WIDTH // 4 : WIDTH // 2] = 128
    painting = paintings(model, "waves", (still * (alpha > 0))[None])[0]
    other = moving_picture(1, 101, 163)[0]
    other_painting = paintings(model, "waves", other[None])[0]

    with Engine(tmp_path / "engine", model) as engine:
        source = image(write(tmp_path / "alpha.png", np.concatenate([still, alpha], 2))) | {"filters": painter(engine)}
        source["settings"]["linear_alpha"] = True
        with Obs(home, source, (WIDTH, HEIGHT), FPS) as obs:
            opaque = like(painting[:, WIDTH // 2 :])
            picture = obs.wait_for_picture(lambda picture: opaque(picture[:, WIDTH // 2 :]))
            assert (picture[..., 3:] == alpha).all()
            # On the black canvas: nothing where it is transparent, and between half of the light, not half of the code.
            scene = obs.picture("Scene")[..., :3]
            assert not scene[:, : WIDTH // 4].any()
            light = (painting / 255.0) ** 2.2 * 128 / 255
            between = slice(WIDTH // 4, WIDTH // 2)
            assert difference(scene[:, between], (255 * light ** (1 / 2.2))[:, between].round()) < 3

            obs("SetInputSettings", inputName="source", inputSettings={"file": str(write(tmp_path / "b.png", other))})
            obs.wait_for_picture(like(other_painting))
            for shown in (False, True):
                obs("SetSceneItemEnabled", sceneName="Scene", sceneItemId=1, sceneItemEnabled=shown)
            obs.wait_for_picture(like(other_painting))


def clip(path: Path, pixels: np.ndarray, layout: str, matrix: int, full: bool) -> tuple[Path, np.ndarray]:
    """Two seconds of one picture, lossless, and what its codes mean as RGB. matrix: FFmpeg's number."""
    tags = {"colorspace": matrix, "color_range": 2 if full else 1} if layout != "bgra" else {}
    frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
    frame = frame.reformat(format=layout, **{f"dst_{key}": value for key, value in tags.items()})
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1" if layout == "bgra" else "rawvideo", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, layout
        for key, value in tags.items():
            setattr(stream.codec_context, key, value)
        for index in range(2 * FPS):
            frame.pts = index
            container.mux(stream.encode(frame))
    meant = frame.reformat(format="rgb24", **{f"src_{key}": value for key, value in tags.items()})
    return path, meant.to_ndarray()


@pytest.mark.hosts
@pytest.mark.slow
def test_frames_as_they_come(home, model, tmp_path) -> None:
    clips = []
    for number, tags in enumerate((("yuv420p", 1, False), ("nv12", 5, True), ("bgra", 0, True))):
        pixels = moving_picture(8 * number + 1, HEIGHT, WIDTH)[-1]
        clips.append(clip(tmp_path / f"{number}.mkv", pixels, *tags))
    asked: queue.Queue[tuple[int, ...]] = queue.Queue()

    def script(peer: scripted.Peer) -> None:
        peer.welcome()
        while True:
            kind, slot, _, number, _ = peer.read()
            if kind == scripted.OPEN:
                peer.send(scripted.OPENED)
                asked.put(peer.shape[:5])
            elif kind == scripted.FRAME:
                peer.done(slot, number, flags=0)

    with Engine(tmp_path / "engine", model) as engine:
        settings = {"local_file": str(clips[0][0]), "looping": True, "hw_decode": False}
        source = {"id": "ffmpeg_source", "settings": settings, "filters": painter(engine, "vidstyle_frame_filter")}
        with Obs(home, source, (WIDTH, HEIGHT), FPS) as obs:

            def play(path: Path) -> None:
                obs("SetInputSettings", inputName="source", inputSettings={"local_file": str(path)})

            for path, pixels in clips:
                play(path)
                obs.wait_for_picture(like(paintings(model, "waves", pixels[None])[0], 6))  # 4:2:0 takes from strokes
            engine.signal(signal.SIGKILL)
            obs.wait_for_picture(like(clips[-1][1]))

            # Width, height and the protocol's numbers of format, matrix and range.
            with scripted.Engine(tmp_path / "scripted", script):
                obs.set_filter(socket=str(tmp_path / "scripted"))
                for (path, _), numbers in zip(clips[::-1], ((2, 0, 0), (4, 1, 2), (3, 2, 1)), strict=True):
                    play(path)
                    assert asked.get(timeout=180) == (WIDTH, HEIGHT, *numbers)


def test_the_list_of_styles_is_vidstyles() -> None:
    source = (REPOSITORY / "plugins/obs/properties.c").read_text()
    (names,) = re.findall(r"built_in\[\] = \{(.*?)\};", source)
    assert re.findall(r'"(\w+)"', names) == sorted(builtin_styles())


def test_every_text_is_in_the_locale_file() -> None:
    folder = REPOSITORY / "plugins/obs"
    code = "".join(path.read_text() for path in folder.glob("*.c"))
    used = set(re.findall(r'(?:TEXT|obs_module_text)\("([\w.]+)"\)', code))
    lines = (folder / "data/locale/en-US.ini").read_text().splitlines()
    assert used == {re.fullmatch(r'([\w.]+)="[^"]+"', line)[1] for line in lines}
