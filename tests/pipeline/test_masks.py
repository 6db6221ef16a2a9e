"""Where styles act, against masks that are known."""

from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from PIL import Image

import vidstyle
from vidstyle.errors import InputError, OptionError
from vidstyle.pipeline.masks import MaskOptions, open_mask

SHARP = MaskOptions(feather=0)


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """White on the left half."""
    picture = np.zeros((48, 64), np.uint8)
    picture[:, :32] = 255
    Image.fromarray(picture).save(tmp_path / "left.png")
    return tmp_path / "left.png"


@pytest.fixture
def styles(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "one.png", tmp_path / "two.png"]
    for path, colours in zip(paths, ("red", "blue"), strict=True):
        Image.effect_noise((64, 64), 60).convert("RGB").save(path)
        Image.blend(Image.open(path), Image.new("RGB", (64, 64), colours), 0.5).save(path)
    return paths


def frames(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]).astype(int)


def test_two_styles_share_the_frame(pan: Path, model: Path, left: Path, styles: list[Path]) -> None:
    def run(name: str, *chosen: Path, **options: object) -> np.ndarray:
        path = left.with_name(f"{name}.mkv")
        pairs = [(style, 1.0) for style in chosen]
        vidstyle.stylize(pan, pairs, path, model=model, temporal="off", codec="ffv1", end=0.4, **options)
        return frames(path)

    one, two, content = run("one", styles[0]), run("two", styles[1]), run("none", styles[0], strength=0.0)
    both = run("both", *styles, masks=[left], feather=0.0)
    # Chroma is stored at half the size, so pixels at the border see both.
    assert np.abs(both[..., :70, :] - one[..., :70, :]).max() <= 4
    assert np.abs(both[..., 74:, :] - two[..., 74:, :]).max() <= 4
    inside = run("inside", styles[0], masks=[f"!{left}"], feather=0.0)
    # Painted frames lose some chroma on the way back to 4:2:0.
    assert np.abs(inside[..., :70, :] - content[..., :70, :]).mean() < 5
    assert np.abs(one - content).mean() > 20
    assert np.abs(inside[..., 74:, :] - one[..., 74:, :]).max() <= 4


def test_a_frame_that_waits_keeps_its_mask(pan: Path, model: Path, styles: list[Path], tmp_path: Path) -> None:
    with av.open(str(tmp_path / "late.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 144, 96, "gray"
        for number in range(12):
            white = av.VideoFrame.from_ndarray(np.full((96, 144), 255 * (number >= 6), np.uint8), "gray")
            # It begins later than the clip, by its stamps.
            white.pts, white.time_base = 250 + number, Fraction(1, 25)
            container.mux(stream.encode(white))
        container.mux(stream.encode(None))

    def run(name: str, **options: object) -> np.ndarray:
        vidstyle.stylize(pan, styles[0], tmp_path / name, model=model, temporal="best", codec="ffv1", **options)
        return frames(tmp_path / name)

    plain, content, masked = run("a.mkv"), run("b.mkv", strength=0.0), run("c.mkv", masks=[tmp_path / "late.mkv"])
    assert len(masked) == 12
    assert np.abs(masked[:6] - content[:6]).mean() < 5
    # At a sudden change half of the mask before stays, then a quarter.
    assert np.abs(masked[10:] - plain[10:]).mean() < 0.15 * np.abs(content[10:] - plain[10:]).mean()


def test_edges_are_soft(left: Path) -> None:
    with ExitStack() as stack:
        mask = open_mask(left, MaskOptions(feather=3), stack)
        row = mask(torch.rand(1, 3, 48, 64), Fraction(0))[0, 0, 24]
    # A Gaussian's integral: 16 % and 84 % one deviation away.
    assert row[28:36].diff().max() < 0
    torch.testing.assert_close(row[[28, 34]], torch.tensor([0.84, 0.2]), atol=0.06, rtol=0)


def test_a_colour_is_found_in_any_light() -> None:
    frame = torch.zeros(1, 3, 8, 8)
    frame[:, 1, :, :4], frame[:, :, :, 4:] = 0.6, 0.5
    with ExitStack() as stack:
        mask = open_mask("key:#00b000", SHARP, stack)(frame, Fraction(0))
        other = open_mask("!key:00b000:0.05", SHARP, stack)(frame, Fraction(0))
    assert mask[..., :4].min() == 1
    assert mask[..., 4:].max() == 0
    assert other[..., 4:].min() == 1


def test_a_followed_mask_moves_with_the_picture(pan: Path, tmp_path: Path) -> None:
    shape = np.zeros((96, 144), np.uint8)
    shape[30:60, 60:100] = 255
    Image.fromarray(shape).save(tmp_path / "mask.png")
    with ExitStack() as stack:
        mask = open_mask(tmp_path / "mask.png", MaskOptions(feather=0, follow=True), stack)
        found = [mask(torch.from_numpy(f)[None].permute(0, 3, 1, 2) / 255, Fraction(0)) for f in frames(pan)]
    for number, one in enumerate(found):
        expected = np.roll(shape, -number, axis=1) / 255  # the camera moves by a pixel a frame
        assert np.abs(one[0, 0].numpy() - expected).mean() < 0.01


def test_a_mask_that_moves_is_read_by_time(pan: Path) -> None:
    with ExitStack() as stack:
        mask = open_mask(pan, SHARP, stack)
        blank = torch.zeros(1, 3, 96, 144)
        luma = frames(pan) @ np.array([0.2126, 0.7152, 0.0722]) / 255
        mask(blank, Fraction(0))
        mask.seen = None  # a cut: nothing of the mask before is held
        third = mask(blank, Fraction(2, 25))
    np.testing.assert_allclose(third[0, 0].numpy(), luma[2], atol=0.05)


def test_what_is_no_mask_is_named(clip: Path, model: Path, left: Path, styles: list[Path], tmp_path: Path) -> None:
    with ExitStack() as stack, pytest.raises(OptionError, match="key:#RRGGBB"):
        open_mask("key:green", SHARP, stack)
    with ExitStack() as stack, pytest.raises(InputError):
        open_mask(tmp_path / "missing.png", SHARP, stack)
    with pytest.raises(OptionError, match="masks: 3, styles: 2"):
        vidstyle.stylize(clip, [(s, 1.0) for s in styles], tmp_path / "o.mkv", model=model, masks=[left, left, left])
