"""The frei0r plugin in ffmpeg, MLT and GStreamer."""

import ctypes
import re
import subprocess
import xml.etree.ElementTree as xml
from pathlib import Path

import numpy as np
import pytest
import torch

from vidstyle import Stylizer

from .conftest import PLUGINS
from .scripted import RESET, SET, Engine, Peer

pytestmark = pytest.mark.hosts


def pixels(frames: int, height: int, width: int) -> np.ndarray:
    """(N, H, W, 4) uint8, opaque: smooth enough to be painted."""
    y, x, n = np.mgrid[0:height, 0:width, 0:frames].astype(np.float32)
    channels = [128 + 120 * np.sin(x / 9 + n / 4 + 2 * c) * np.cos(y / (7 + c)) for c in range(3)]
    picture = np.stack([*channels, np.full_like(x, 255)], -1)
    return picture.transpose(2, 0, 1, 3).astype(np.uint8)


def raw(width: int, height: int, rate: int = 25) -> list[object]:
    return ["-f", "rawvideo", "-pix_fmt", "rgba", "-s", f"{width}x{height}", "-r", rate]


@pytest.fixture
def counted(tmp_path: Path, host) -> Path:
    """100 frames of 64×48, each another one, lossless."""
    path = tmp_path / "counted.mkv"
    frames = pixels(100, 48, 64)
    command = ["ffmpeg", "-v", "error", *raw(64, 48), "-i", "-", "-c:v", "ffv1", "-pix_fmt", "bgra", path]
    host(*command, input=frames.tobytes())
    return path


def walks(peer: Peer) -> None:
    """Paint a frame in the number of frames since the last seek."""
    peer.welcome()
    steps = 0
    while True:
        slot, flags, number = peer.frame()
        steps = 0 if flags & RESET else steps + 1
        at, size = slot * peer.shape[6], peer.shape[0] * peer.shape[1] * 4
        assert peer.memory
        peer.memory[at : at + size] = bytes([steps, steps, steps, 255]) * (size // 4)
        peer.done(slot, number)


def melted(host, clip: Path, output: Path, threads: int, *filters: str) -> np.ndarray:
    """(N, H, W, 4) of what MLT renders."""
    encoder = ["vcodec=ffv1", "pix_fmt=bgra", "an=1"]
    host("melt", clip, *filters, "-consumer", f"avformat:{output}", f"real_time=-{threads}", *encoder)
    decoded = host("ffmpeg", "-v", "error", "-i", output, "-f", "rawvideo", "-pix_fmt", "rgba", "-")
    return np.frombuffer(decoded, np.uint8).reshape(-1, 48, 64, 4)


def test_ffmpeg_paints_what_the_library_paints(host, engine, model):
    frames = pixels(3, 48, 64)
    style = Path(__file__).parents[2] / "samples" / "styles" / "waves.jpg"
    command = ["ffmpeg", "-v", "error", *raw(64, 48), "-i", "-"]
    out = host(*command, "-vf", "frei0r=vidstyle:waves|0.5|off", *raw(64, 48), "-", input=frames.tobytes())
    got = np.frombuffer(out, np.uint8).reshape(frames.shape)
    stylizer = Stylizer(str(model))
    content = torch.from_numpy(frames[..., :3].copy()).permute(0, 3, 1, 2) / 255
    painted = stylizer(content, stylizer.encode_style(style))
    wanted = (0.5 * content + 0.5 * painted).mul(255).permute(0, 2, 3, 1).numpy()
    assert np.abs(got[..., :3] - wanted).max() <= 1.5
    assert np.abs(got[..., :3].astype(int) - frames[..., :3]).mean() > 5
    assert (got[..., 3] == 255).all()
    assert "painted by tiny" in host.errors


def test_no_engine_leaves_frames_as_they_are_and_says_so_once(host):
    frames = pixels(20, 48, 64)
    command = ["ffmpeg", "-v", "error", *raw(64, 48), "-i", "-", "-vf", "frei0r=vidstyle:waves", *raw(64, 48), "-"]
    assert host(*command, input=frames.tobytes()) == frames.tobytes()
    assert host.errors.count("no engine") == 1


def test_ffmpeg_goes_on_when_the_engine_is_killed(host, engine):
    """Killed when some frames are through; all the others come, as they were, and the exit code is 0."""
    frames = pixels(60, 48, 64)
    size = frames[0].nbytes
    command = ["ffmpeg", "-v", "error", *raw(64, 48), "-i", "-", "-vf", "frei0r=vidstyle:waves|1|off", *raw(64, 48)]
    pipe = subprocess.PIPE
    words = [str(word) for word in (*command, "-flush_packets", "1", "-")]
    words[1:1] = ["-probesize", "32"]  # reads no further ahead than it must
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, env=host.environment) as ffmpeg:
        assert ffmpeg.stdin
        assert ffmpeg.stdout
        ffmpeg.stdin.write(frames[:8].tobytes())  # no more than the pipes hold
        ffmpeg.stdin.flush()
        first = ffmpeg.stdout.read(3 * size)
        engine.kill()
        rest, errors = ffmpeg.communicate(frames[8:].tobytes(), timeout=60)
    got = np.frombuffer(first + rest, np.uint8).reshape(-1, 48, 64, 4)
    assert ffmpeg.returncode == 0
    assert len(got) == 60
    assert (got[:3] != frames[:3]).any(axis=(1, 2, 3)).all()
    assert (got[9:] == frames[9:]).all()
    assert errors.count(b"the engine has gone") == 1


def test_parameters_that_hosts_do_not_check(host, socket_path):
    """Beyond its range, and empty."""
    asked = []

    def script(peer: Peer) -> None:
        peer.welcome()
        asked.append(dict(line.split("=") for line in peer.read(SET)[4].decode().splitlines()))

    frames = pixels(1, 48, 64)
    command = ["ffmpeg", "-v", "error", *raw(64, 48), "-i", "-"]
    for parameters in ("waves", "waves|2.5|off|y", "waves||fast"):
        with Engine(socket_path, script):
            out = host(*command, "-vf", f"frei0r=vidstyle:{parameters}", *raw(64, 48), "-", input=frames.tobytes())
            assert out == frames.tobytes()
        socket_path.unlink()
    plain = {"style": "waves", "strength": "1.0000", "temporal": "fast", "keep-color": "0"}
    assert asked == [plain, plain | {"temporal": "off", "keep-color": "1"}, plain | {"strength": "0.0000"}]


@pytest.mark.parametrize("threads", [1, 4])
def test_mlt_renders_in_order_on_any_number_of_threads(host, socket_path, tmp_path, counted, threads):
    with Engine(socket_path, walks):
        got = melted(host, counted, tmp_path / "out.mkv", threads, "-filter", "frei0r.vidstyle", "style=waves")
    assert got[:, 0, 0, 0].tolist() == list(range(100))


def test_two_mlt_filters_alike_are_two_clips(host, socket_path, tmp_path, counted):
    with Engine(socket_path, walks):
        two = ("-filter", "frei0r.vidstyle", "style=waves") * 2
        got = melted(host, counted, tmp_path / "out.mkv", 4, *two)
    assert got[:, 0, 0, 0].tolist() == list(range(100))


def test_mlt_with_a_real_engine_is_the_same_on_four_threads(host, engine, tmp_path, counted):
    one, four = (
        melted(host, counted, tmp_path / f"{threads}.mkv", threads, "-filter", "frei0r.vidstyle", "style=waves")
        for threads in (1, 4)
    )
    assert len(one) == 100
    assert (one == four).all()


def test_mlt_keyframes_strength(host, socket_path, tmp_path, counted):
    asked = []

    def script(peer: Peer) -> None:
        asked.append(strengths := [])
        peer.welcome()
        while True:
            kind, slot, _, number, body = peer.read()
            if kind == SET:
                lines = dict(line.split("=") for line in body.decode().splitlines())
                strengths.append(float(lines["strength"]))
            elif kind == 4:
                peer.done(slot, number)
            elif kind == 2:
                peer.send(66)

    with Engine(socket_path, script):
        filters = ("-filter", "frei0r.vidstyle", "style=waves", "strength=0=0;10=1")
        melted(host, counted, tmp_path / "out.mkv", 4, *filters)
    assert asked[-1] == pytest.approx([n / 10 for n in range(11)])


def test_gstreamer_paints_every_width(host, socket_path, tmp_path):
    for width in (852, 854):
        caps = f"video/x-raw,format=RGBA,width={width},height=20,framerate=25/1"
        source = ["gst-launch-1.0", "-q", "videotestsrc", "num-buffers=3", "pattern=ball", "!", caps, "!"]
        host(*source, "filesink", f"location={tmp_path}/in")
        with Engine(socket_path, Peer.serve):
            host(*source, "frei0r-filter-vidstyle", "style=waves", "!", "filesink", f"location={tmp_path}/out")
        socket_path.unlink()
        before, after = (np.fromfile(tmp_path / name, np.uint8) for name in ("in", "out"))
        assert before.size == 3 * 20 * width * 4
        assert (after == 255 - before).all()


def test_the_editors_controls_are_the_plugins(frei0r):
    """Kdenlive's and Shotcut's descriptions name parameters that the plugin has."""

    class Info(ctypes.Structure):
        _fields_ = (("name", ctypes.c_char_p), ("type", ctypes.c_int), ("explanation", ctypes.c_char_p))

    plugin = ctypes.CDLL(str(frei0r / "vidstyle.so"))
    names = []
    for k in range(9):
        info = Info()
        plugin.f0r_get_param_info(ctypes.byref(info), k)
        names.append(info.name.decode())
    assert names[:4] == ["style", "strength", "temporal", "keep-color"]  # ffmpeg tells them by their places
    assert names[4:] == ["deadline", "socket", "start", "columns", "filename"]
    effect = xml.parse(PLUGINS / "frei0r" / "kdenlive" / "frei0r_vidstyle.xml").getroot()
    assert effect.attrib == {"tag": "frei0r.vidstyle", "id": "frei0r.vidstyle"}
    parameters = effect.findall("parameter")
    assert {parameter.attrib["name"] for parameter in parameters} <= set(names)
    for parameter in parameters:
        shown = parameter.findtext("paramlistdisplay")
        if shown:
            assert len(shown.split(",")) == len(parameter.attrib["paramlist"].split(";"))
    controls = (PLUGINS / "frei0r" / "shotcut" / "vidstyle" / "ui.qml").read_text()
    assert set(re.findall(r"filter\.set\('([\w-]+)'", controls)) <= set(names)
