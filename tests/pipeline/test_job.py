"""From a file to a file."""

from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch
from PIL import Image

import vidstyle
from vidstyle.frames import Batch, Frame
from vidstyle.media import Sink, open_sink, open_source
from vidstyle.pipeline.convert import Download, upload
from vidstyle.pipeline.offline import run
from vidstyle.scaling import fit


def times_and_planes(path: Path) -> tuple[list, list[np.ndarray], list[bytes]]:
    """Exact seconds of every frame, their luma, and the packets of the sound."""
    with av.open(str(path)) as container:
        times, lumas, sound = [], [], []
        for packet in container.demux():
            if packet.stream.type == "audio" and packet.size:
                sound.append(bytes(packet))
            elif packet.stream.type == "video":
                for frame in packet.decode():
                    times.append(frame.pts * frame.time_base)
                    lumas.append(frame.to_ndarray(format="gray"))
        return times, lumas, sound


def test_a_clip_keeps_its_times_and_its_sound(clip: Path, model: Path, tmp_path: Path) -> None:
    events = []
    output = tmp_path / "out.mkv"
    result = vidstyle.stylize(
        clip, torch.rand(1, 3, 64, 64), output, model=model, codec="ffv1", batch=4, on_progress=events.append
    )
    before, after = times_and_planes(clip), times_and_planes(output)
    assert result.frames == len(after[0]) == 60
    assert after[0] == before[0]
    assert after[2] == before[2]
    assert not np.array_equal(after[1][0], before[1][0])
    assert events[-1].frames == 60
    assert set(result.stages) == {"decode", "stylize", "encode"}
    assert list(tmp_path.iterdir()) == [output]


def test_strength_zero_gives_back_every_code_value(clip: Path, model: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.mkv"
    vidstyle.stylize(clip, torch.rand(1, 3, 64, 64), output, model=model, strength=0, codec="ffv1")
    for a, b in zip(times_and_planes(clip)[1], times_and_planes(output)[1], strict=True):
        np.testing.assert_array_equal(a, b)


def test_batches_do_not_change_the_picture(clip: Path, model: Path, tmp_path: Path) -> None:
    style = torch.rand(1, 3, 64, 64)
    for batch in (1, 7):
        vidstyle.stylize(
            clip, style, tmp_path / f"{batch}.mkv", model=model, codec="ffv1", batch=batch, runtime="pytorch"
        )
    one, seven = times_and_planes(tmp_path / "1.mkv")[1], times_and_planes(tmp_path / "7.mkv")[1]
    assert max(int(np.abs(a.astype(int) - b.astype(int)).max()) for a, b in zip(one, seven, strict=True)) <= 1


def test_a_part_smaller(clip: Path, model: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.mkv"
    result = vidstyle.stylize(
        clip, torch.rand(1, 3, 64, 64), output, model=model, codec="ffv1", max_side=32, start=0.5, end=1.0
    )
    assert result.size == (32, 24)
    inside = [t for t in times_and_planes(clip)[0] if 0.5 <= t < 1.0]
    assert result.frames == len(inside)


def test_a_still(model: Path, tmp_path: Path) -> None:
    Image.effect_noise((50, 40), 90).convert("RGB").save(tmp_path / "in.png")
    result = vidstyle.stylize(tmp_path / "in.png", torch.rand(1, 3, 64, 64), model=model)
    assert result.output == tmp_path / "in-stylized.png"
    with Image.open(result.output) as image:
        assert image.size == (50, 40)


def test_a_picture_smaller_than_the_net_can_see_keeps_its_size(model: Path, tmp_path: Path) -> None:
    Image.effect_noise((7, 5), 90).convert("RGB").save(tmp_path / "in.png")
    result = vidstyle.stylize(tmp_path / "in.png", torch.rand(1, 3, 64, 64), tmp_path / "out.png", model=model)
    with Image.open(result.output) as image:
        assert image.size == (7, 5)


def test_pictures_of_a_folder_keep_their_sizes_and_names(model: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    sizes = {"a.png": (50, 40), "b.jpg": (32, 64)}
    for name, size in sizes.items():
        Image.effect_noise(size, 90).convert("RGB").save(tmp_path / "in" / name)
    vidstyle.stylize(tmp_path / "in", torch.rand(1, 3, 64, 64), tmp_path / "out", model=model)
    found = {}
    for path in (tmp_path / "out").iterdir():
        with Image.open(path) as image:
            found[path.name] = image.size
    assert found == sizes


class Broken(Exception):
    pass


@pytest.mark.parametrize("stage", ["stylize", "encode"])
def test_a_failure_leaves_the_old_file_and_no_debris(clip: Path, tmp_path: Path, stage: str) -> None:
    output = tmp_path / "out.mkv"
    output.write_text("old")

    def paint(batches: Iterator[list[Frame]]) -> Iterator[Batch]:
        for number, frames in enumerate(batches):
            if number == 19 and stage == "stylize":
                raise Broken
            yield upload(frames, torch.device("cpu"), (64, 48))

    class Full:
        """A sink whose encoder fails at frame 20."""

        def __init__(self, sink: Sink) -> None:
            self.sink = sink

        def write(self, frame: Frame) -> None:
            if frame.stamp.index == 20 and stage == "encode":
                raise Broken
            self.sink.write(frame)

    with pytest.raises(Broken), open_source(clip) as source, open_sink(output, source) as sink:
        run(source, Full(sink), paint, 1)  # type: ignore[arg-type]
    assert output.read_text() == "old"
    assert list(tmp_path.iterdir()) == [output]


def test_the_stage_and_the_frame_are_named(clip: Path, tmp_path: Path) -> None:
    def paint(batches: Iterator[list[Frame]]) -> Iterator[Batch]:
        for frames in batches:
            if frames[0].stamp.index == 12:
                raise vidstyle.OutOfMemory("too large")
            yield upload(frames, torch.device("cpu"), (64, 48))

    with (
        pytest.raises(vidstyle.OutOfMemory, match=r"too large \[stylize, frame 12\]"),
        open_source(clip) as source,
        open_sink(tmp_path / "out.mkv", source) as sink,
    ):
        run(source, sink, paint, 1)
    assert not list(tmp_path.iterdir())


def test_conversion_is_exact_both_ways(clip: Path) -> None:
    with open_source(clip) as source:
        frame = next(iter(source))
    before = frame.rgb.copy()
    (after,) = Download(upload([frame], torch.device("cpu"), (64, 48))).frames()
    np.testing.assert_array_equal(after.rgb, before)


def test_fit_keeps_the_shape() -> None:
    assert fit((1920, 1080), None) == (1920, 1080)
    assert fit((1920, 1080), 960) == (960, 540)
    assert fit((1080, 1920), 960) == (540, 960)
    assert fit((640, 360), 1000) == (640, 360)
    assert fit((640, 360), 18) == (28, 16)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strength": 1.5}, "outside 0 to 1"),
        ({"max_side": 3}, "at least 16"),
        ({"start": 2, "end": 1}, "must come after"),
        ({"batch": 0}, "1 or more"),
        ({"style_size": 5}, "outside 32"),
        ({"seed": 10**30}, "seed"),
    ],
)
def test_senseless_options(clip: Path, model: Path, tmp_path: Path, options: dict, message: str) -> None:
    with pytest.raises(vidstyle.OptionError, match=message):
        vidstyle.stylize(clip, torch.rand(1, 3, 64, 64), tmp_path / "out.mkv", model=model, **options)
    assert not list(tmp_path.iterdir())


def test_frames_that_wait_keep_their_depth(model: Path, tmp_path: Path) -> None:
    """At a level that looks ahead, deep pictures that follow others of eight bits are handed out with their own."""
    (tmp_path / "in").mkdir()
    rng = np.random.default_rng(0)
    for number, kind in enumerate([np.uint16, np.uint16, np.uint8, np.uint8]):
        pixels = rng.integers(0, np.iinfo(kind).max, (48, 64, 4), kind)
        pixels[..., 3] = np.iinfo(kind).max // 2
        assert cv2.imwrite(str(tmp_path / "in" / f"{number}.png"), pixels)
    style = torch.rand(1, 3, 64, 64)
    vidstyle.stylize(tmp_path / "in", style, tmp_path / "out", model=model, temporal="best")
    found = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in sorted((tmp_path / "out").iterdir())]
    assert [picture.dtype for picture in found] == [np.uint16, np.uint16, np.uint8, np.uint8]
    assert all((picture[..., 3] == np.iinfo(picture.dtype).max // 2).all() for picture in found)
