"""Stamps are exact: whatever the clip's clock says goes in and out unchanged."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidstyle.frames import Frame
from vidstyle.media import EncoderSettings, open_sink, open_source
from vidstyle.media.stamps import FrameClock

from .conftest import Ffprobe
from .made import make_clip

FAST = EncoderSettings(codec="h264", preset="ultrafast")


def copy(clip: Path, out: Path, encoder: EncoderSettings = FAST, **cut: Fraction) -> list[Frame]:
    with open_source(clip, **cut) as source, open_sink(out, source, encoder=encoder) as sink:
        frames = []
        for frame in source:
            frame.rgb = frame.rgb
            sink.write(frame)
            frames.append(frame)
    return frames


@settings(max_examples=15, deadline=None)
@given(
    clock=st.sampled_from([Fraction(1, 90000), Fraction(1001, 24000), Fraction(1, 1000), Fraction(1, 12345)]),
    start=st.integers(0, 10**6),
    steps=st.lists(st.integers(1, 5000), min_size=1, max_size=12),
)
def test_any_times_survive_mp4(
    clock: Fraction, start: int, steps: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("times")
    times = [start]
    for step in steps:
        times.append(times[-1] + step)
    clip = make_clip(folder / "in.nut", codec="ffv1", frames=len(times), times=times, time_base=clock)
    frames = copy(clip, folder / "out.mp4", EncoderSettings(codec="h264", preset="medium"))  # with B-frames
    assert [f.stamp.seconds for f in frames] == [t * clock for t in times]
    with av.open(str(folder / "out.mp4")) as result:
        assert [f.pts * f.time_base for f in result.decode(video=0)] == [t * clock for t in times]


@pytest.mark.hosts
@pytest.mark.parametrize(
    "name",
    [
        "mov_neg_first_pts_discard.mp4",
        "mov-1elist-1ctts.mp4",
        "mov-2elist-elist1-ends-bframe.mp4",
        "mov-3elist.mp4",
        "test_iibbibb_neg_ctts.mp4",
    ],
)
def test_edit_lists_are_honoured(name: str, torture: Path, ffprobe: Ffprobe, tmp_path: Path) -> None:
    clip = torture / "fate" / "h264" / name
    copy(clip, tmp_path / "out.mp4")
    assert ffprobe.frame_times(tmp_path / "out.mp4", 0) == ffprobe.frame_times(clip, 0)


def test_a_cut_begins_at_zero_and_takes_the_sound_along(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mkv", frames=50, sound=True)
    frames = copy(clip, tmp_path / "out.mkv", start=Fraction(1, 2), end=Fraction(3, 2))
    assert [f.stamp.seconds for f in frames] == [Fraction(i, 25) for i in range(25)]
    with av.open(str(tmp_path / "out.mkv")) as result:
        spans = {}
        for packet in result.demux():
            if packet.size:
                at = packet.pts * packet.time_base
                low, high = spans.get(packet.stream.type, (at, at))
                spans[packet.stream.type] = min(low, at), max(high, at)
    assert spans["video"] == (0, Fraction(24, 25))
    assert 0 <= spans["audio"][0] < Fraction(1, 5)
    assert spans["audio"][1] < 1


def test_a_coarse_clock_is_said_once(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.nut", codec="ffv1", time_base=Fraction(1001, 30000))
    with open_source(clip) as source, open_sink(tmp_path / "out.mkv", source, encoder=FAST) as sink:
        for frame in source:
            sink.write(frame)
    assert sum("1/1000" in line for line in sink.notes.lines) == 1


@given(st.lists(st.one_of(st.none(), st.integers(-(10**6), 10**6)), max_size=40))
def test_clocks_always_run_forward(raw: list[int | None]) -> None:
    notes: list[str] = []
    clock = FrameClock(Fraction(1, 1000), Fraction(25), notes.append)
    stamps = [clock.stamp(pts, 0) for pts in raw]
    assert all(a.pts < b.pts for a, b in pairwise(stamps))
    assert [s.index for s in stamps] == list(range(len(raw)))
    if None not in raw and all(a < b for a, b in pairwise(raw)):
        assert [s.pts for s in stamps] == raw
        assert not notes
