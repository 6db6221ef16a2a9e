"""Frames of several clients, painted at once."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vidstyle
from vidstyle.bridge.brush import Brush
from vidstyle.bridge.clip import Clip, Job
from vidstyle.bridge.protocol import Format, Layout
from vidstyle.bridge.settings import Settings

NOBODY: Any = None


@pytest.fixture(scope="module")
def eager(model: Path) -> vidstyle.Stylizer:
    return vidstyle.Stylizer(model, runtime="pytorch")


def jobs(stylizer: vidstyle.Stylizer, frames: np.ndarray, clips: list[Clip], number: int) -> list[Job]:
    """The next frame of every clip, each in a style of its own."""
    layout = Layout(frames.shape[2], frames.shape[1], Format.RGBA, 0, False)
    made = []
    for at, clip in enumerate(clips):
        settings = Settings(strength=1 - at / 4, temporal="off" if at == 1 else "fast", keep_color=at == 2)
        pixels = frames[number + at].reshape(-1).copy()
        made.append(Job(NOBODY, clip, layout, pixels, clip.key, settings, 0, number, False, since=float(at)))
    return made


def test_several_at_once_are_painted_as_each_alone(eager: vidstyle.Stylizer, frames: np.ndarray) -> None:
    styles = [eager.encode_style(name) for name in ("waves", "glass", "ink", "waves")]
    together, alone = Brush(eager, together=True), Brush(eager, together=False)
    batched, single = ([Clip(style) for style in styles] for _ in range(2))
    for number in range(3):
        group = jobs(eager, frames, batched, number)
        assert together.choose(group) == group
        together.paint(group)
        each = jobs(eager, frames, single, number)
        assert alone.choose(each) == each[:1]
        for job in each:
            alone.paint([job])
        for ours, expected, before in zip(group, each, jobs(eager, frames, batched, number), strict=True):
            assert np.abs(ours.pixels.astype(int) - expected.pixels).max() <= 1
            assert (ours.pixels != before.pixels).any()


def test_only_frames_of_one_size_are_painted_at_once(eager: vidstyle.Stylizer, frames: np.ndarray) -> None:
    brush, clips = Brush(eager, together=True), [Clip(eager.encode_style("waves")) for _ in range(3)]
    group = jobs(eager, frames, clips, 0)
    other = jobs(eager, frames[:, :, :32], clips, 0)[1]
    assert brush.choose([group[2], other, group[0]]) == [group[0], group[2]]


def test_what_does_not_fit_at_once_is_painted_alone(
    eager: vidstyle.Stylizer, frames: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    whole = eager.engine.__class__.__call__

    def small(engine, frames, code, strength):
        if len(frames) > 1:
            raise torch.OutOfMemoryError
        return whole(engine, frames, code, strength)

    brush = Brush(eager, together=True)
    clips = [Clip(eager.encode_style(name)) for name in ("waves", "glass")]
    fits, tight = jobs(eager, frames, clips, 0), jobs(eager, frames, [Clip(clip.key) for clip in clips], 0)
    brush.paint(fits)
    monkeypatch.setattr(eager.engine.__class__, "__call__", small)
    brush.paint(tight)
    for ours, expected in zip(tight, fits, strict=True):
        assert np.abs(ours.pixels.astype(int) - expected.pixels).max() <= 1
