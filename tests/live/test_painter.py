"""Frames painted one by one, while the look changes."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

import vidstyle
from vidstyle.live import Controls, LivePainter

SIZE = (64, 48)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def stylizer(model: Path) -> vidstyle.Stylizer:
    return vidstyle.Stylizer(model, runtime="pytorch", device="cpu")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def controls() -> Controls:
    return Controls("waves", temporal="off")


@pytest.fixture
def painter(stylizer: vidstyle.Stylizer, controls: Controls, clock: Clock) -> Iterator[LivePainter]:
    painter = LivePainter(stylizer, controls, clock=clock)
    painter.prepare(*SIZE)
    yield painter
    painter.close()


def frame(seed: int = 0, size: tuple[int, int] = SIZE) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)


def expected(stylizer: vidstyle.Stylizer, rgb: np.ndarray, style: str, **look: float) -> np.ndarray:
    """As the library paints it."""
    with torch.no_grad():
        content = torch.from_numpy(rgb).permute(2, 0, 1)[None].float() / 255
        painted = stylizer(content, stylizer.encode_style(style, **look))  # type: ignore[arg-type]
    return painted[0].permute(1, 2, 0).mul(255).round().numpy().astype(np.uint8)


def settle(painter: LivePainter, rgb: np.ndarray) -> None:
    """Until what was asked for beside is there."""
    painter(rgb)
    painter.prepare(rgb.shape[1], rgb.shape[0])


def test_a_frame_is_painted_as_the_library_paints_it(painter: LivePainter, stylizer: vidstyle.Stylizer) -> None:
    np.testing.assert_allclose(painter(frame()).astype(int), expected(stylizer, frame(), "waves"), atol=1)


def test_a_style_fades_in(painter: LivePainter, controls: Controls, clock: Clock, stylizer: vidstyle.Stylizer) -> None:
    painter(frame())
    controls.set(styles="glass", strength=0.4)
    settle(painter, frame())
    first, last = expected(stylizer, frame(), "waves"), expected(stylizer, frame(), "glass", strength=0.4)
    distances = []
    for _ in range(6):
        painted = painter(frame()).astype(int)
        distances.append(np.abs(painted - last).mean())
        clock.now += 0.1
    assert distances[0] > 0.9 * np.abs(first.astype(int) - last).mean()
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 0.6


def test_alike_frames_are_painted_once(painter: LivePainter, controls: Controls, clock: Clock) -> None:
    plain = np.full((48, 64, 3), 90, np.uint8)
    noisy = plain + np.random.default_rng(1).integers(0, 3, plain.shape, np.uint8)
    first = painter(plain)
    assert painter(noisy) is first
    cursor = plain.copy()
    cursor[8:14, 10:12] = 255
    assert painter(cursor) is not first
    assert (painter.painted, painter.repeated) == (2, 1)
    controls.set(keep_color=True)
    painter(cursor)
    assert painter.painted == 3


def test_strength_0_leaves_frames_as_they_are(painter: LivePainter, controls: Controls, clock: Clock) -> None:
    painter(frame())
    controls.set(strength=0.0)
    painter(frame())
    clock.now += 1
    np.testing.assert_array_equal(painter(frame()), frame())


def test_frames_keep_their_size_where_the_net_paints_smaller(painter: LivePainter, controls: Controls) -> None:
    large = frame(2, (200, 120))
    controls.set(max_side=100)
    settle(painter, large)
    assert painter(large).shape == large.shape
    assert painter.size == (100, 60)


def test_before_anything_is_ready_frames_come_back(stylizer: vidstyle.Stylizer, clock: Clock) -> None:
    painter = LivePainter(stylizer, Controls("waves"), clock=clock)
    np.testing.assert_array_equal(painter(frame()), frame())
    painter.prepare(*SIZE)
    assert (painter(frame()) != frame()).mean() > 0.5
    painter.close()


def test_a_bad_style_is_said_and_the_old_one_stays(
    stylizer: vidstyle.Stylizer, controls: Controls, clock: Clock
) -> None:
    said: list[str] = []
    painter = LivePainter(stylizer, controls, clock=clock, note=said.append)
    painter.prepare(*SIZE)
    first = painter(frame())
    controls.set(styles="nothing-of-that-name")
    with pytest.raises(vidstyle.StyleError):
        settle(painter, frame())
    np.testing.assert_array_equal(painter(frame()), first)
    assert len(said) == 1
    assert "nothing-of-that-name" in said[0]
    painter.close()


def test_what_is_remembered_steadies(stylizer: vidstyle.Stylizer, clock: Clock) -> None:
    """Noise over a still picture: from frame to frame the steadied paintings differ less."""
    rng = np.random.default_rng(3)
    still = rng.integers(40, 200, (48, 64, 3))
    clip = [(still + rng.normal(0, 8, still.shape)).clip(0, 255).astype(np.uint8) for _ in range(6)]
    change = {}
    for level in ("off", "fast"):
        painter = LivePainter(stylizer, Controls("waves", temporal=level), clock=clock)
        painter.prepare(*SIZE)
        painted = [painter(rgb, dropped=1).astype(int) for rgb in clip]
        change[level] = np.mean([np.abs(a - b).mean() for a, b in pairwise(painted[2:])])
        # After a gap it begins anew.
        np.testing.assert_array_equal(painter(clip[0], dropped=100), painted[0])
        painter.close()
    assert change["fast"] < 0.6 * change["off"]
