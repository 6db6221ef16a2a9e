"""`vidstyle ffmpeg -- …`: what it makes of ffmpeg's arguments, and what ffmpeg makes of that."""

from __future__ import annotations

import sys
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from vidstyle.bridge.ffmpeg import split
from vidstyle.errors import OptionError

from .scripted import Engine, Peer


def invert(peer: Peer) -> None:
    """Paint colours over, and leave alpha."""
    peer.welcome()
    while True:
        slot, _, number = peer.frame()
        at, size = slot * peer.shape[6], 4 * peer.shape[0] * peer.shape[1]
        assert peer.memory
        picture = np.frombuffer(peer.memory, np.uint8, size, at).copy().reshape(-1, 4)
        picture[:, :3] ^= 255
        peer.memory[at : at + size] = picture.tobytes()
        peer.done(slot, number)


def leave(peer: Peer) -> None:
    """Call a frame painted that is as it was."""
    peer.welcome()
    while True:
        slot, _, number = peer.frame()
        peer.done(slot, number)


@pytest.fixture
def wrapped(host):
    """Runs `vidstyle ffmpeg` beside an engine."""

    def run(*arguments: object, code: int = 0, options: tuple[object, ...] = ("--style", "waves")) -> str:
        host(sys.executable, "-m", "vidstyle", "ffmpeg", *options, "--", "-v", "error", "-y", *arguments, code=code)
        return host.errors

    return run


def write(path: Path, frames: np.ndarray, pixels: str, codec: str = "ffv1", **tags: int) -> Path:
    """frames (N, H, W, 3) uint8; tags: PyAV's names of a codec context's colour tags."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = pixels
        for name, value in tags.items():
            setattr(stream.codec_context, name, value)
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        container.mux(stream.encode(None))
    return path


def read(path: Path, pixels: str | None = None) -> np.ndarray:
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format=pixels) for frame in container.decode(video=0)]
    return np.stack(frames)


@pytest.mark.hosts
@pytest.mark.parametrize("width", [852, 854, 1080, 1366, 1280])
def test_every_width_comes_out_whole(wrapped, socket_path, tmp_path, width):
    """1280 is a multiple of 16; ffmpeg 5.1 shears the others where the chain does not help it."""
    frames = np.random.default_rng(width).integers(0, 256, (3, 20, width, 3), np.uint8)
    clip = write(tmp_path / "in.mkv", frames, "bgr0")
    with Engine(socket_path, invert):
        wrapped("-i", clip, "-c:v", "ffv1", tmp_path / "out.mkv")
    assert (read(tmp_path / "out.mkv", "rgb24") == 255 - frames).all()


@pytest.mark.hosts
@pytest.mark.parametrize(("matrix", "full"), [(1, False), (1, True), (6, False), (5, True), (9, False)])
def test_colours_and_their_tags_stay(wrapped, socket_path, tmp_path, matrix, full):
    """A frame that the engine leaves as it is has the code values that it had."""
    flat = np.random.default_rng(0).integers(40, 216, (8, 1, 1, 3), np.uint8).repeat(24, 1).repeat(40, 2)
    tags = {"colorspace": matrix, "color_primaries": 1, "color_trc": 1, "color_range": 2 if full else 1}
    clip = write(tmp_path / "in.mkv", flat, "yuv420p", **tags)
    with Engine(socket_path, leave):
        wrapped("-i", clip, "-c:v", "ffv1", tmp_path / "out.mkv")
    before, after = read(clip), read(tmp_path / "out.mkv")
    assert np.abs(before.astype(int) - after).max() <= 1
    with av.open(str(tmp_path / "out.mkv")) as container:
        frame = next(container.decode(video=0))
        assert frame.format.name == "yuv420p"
        assert (frame.colorspace, frame.color_primaries, frame.color_trc) == (matrix, 1, 1)
        assert frame.color_range == tags["color_range"]


@pytest.mark.hosts
def test_it_takes_its_place_among_the_users_filters(wrapped, socket_path, tmp_path):
    frames = np.zeros((2, 32, 48, 3), np.uint8)
    clip = write(tmp_path / "in.mkv", frames, "bgr0")
    with Engine(socket_path, invert):
        white = "drawbox=0:0:24:32:white:fill"
        wrapped("-i", clip, "-vf", f"scale=40:30,vidstyle,{white}", "-c:v", "ffv1", tmp_path / "out.mkv")
        assert (read(tmp_path / "out.mkv", "rgb24") == 255).all()  # black, painted white, and a white box
        wrapped("-i", clip, "-vf", f"scale=40:30,{white}", "-c:v", "ffv1", tmp_path / "out.mkv")
    out = read(tmp_path / "out.mkv", "rgb24")
    assert out.shape == (2, 30, 40, 3)
    assert (out[:, :, :24] == 0).all()
    assert (out[:, :, 24:] == 255).all()


@pytest.mark.hosts
def test_an_engine_for_the_time_being(wrapped, socket_path, tmp_path, model):
    """Started with the model that was asked for, and a style from outside the home folder; gone when ffmpeg is."""
    frames = np.random.default_rng(0).integers(0, 256, (2, 48, 64, 3), np.uint8)
    clip = write(tmp_path / "in.mkv", frames, "bgr0")
    style = tmp_path / "a style, it's | new: [1].png"
    Image.fromarray(frames[0]).save(style)
    said = wrapped("-i", clip, "-c:v", "ffv1", tmp_path / "out.mkv", options=("--style", style, "--model", model))
    assert "painted by tiny" in said
    assert read(tmp_path / "out.mkv", "rgb24").shape == frames.shape
    assert not socket_path.exists()


@pytest.mark.hosts
def test_ffmpegs_exit_code_is_handed_on(wrapped, socket_path, tmp_path):
    clip = write(tmp_path / "in.mkv", np.zeros((2, 16, 16, 3), np.uint8), "bgr0")
    with Engine(socket_path, leave):
        assert "nowhere" in wrapped("-i", clip, tmp_path / "nowhere" / "out.mkv", code=1)
        said = wrapped("-i", tmp_path / "missing.mkv", tmp_path / "out.mkv", code=2)
    assert said.startswith("error: ffmpeg:")
    assert "missing.mkv" in said


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ("out.mp4", "an input and an output"),
        ("-i in.mp4", "an input and an output"),
        ("-i in.mp4 -filter_complex [0]null out.mp4", "not merged"),
        ("-i in.mp4 -vf null a.mp4 -vf null b.mp4", "more than one -vf"),
        ("-f rawvideo -i - out.mp4", "vidstyle pipe"),
    ],
)
def test_what_cannot_be_wrapped_is_said(arguments, hint):
    with pytest.raises(OptionError, match=hint):
        split(arguments.split())


@pytest.mark.parametrize(
    ("filters", "merged"),
    [
        ("", "PAINT"),
        ("-vf hflip", "hflip,PAINT"),
        ("-filter:v vidstyle,hflip", "PAINT,hflip"),
        ("-vf yadif,vidstyle,hflip,vflip", "yadif,PAINT,hflip,vflip"),
        ("-vf drawtext=text=vidstyle", "drawtext=text=vidstyle,PAINT"),
    ],
)
def test_filters_are_merged(filters, merged):
    words = ["-ss", "3", "-i", "in.mp4", *filters.split(), "-crf", "18", "out.mp4"]
    assert split(words).arguments("PAINT") == [*words[:4], "-vf", merged, "-crf", "18", "out.mp4"]
