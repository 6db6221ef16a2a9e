"""Stamps are exact: whatever the clip's clock says goes in and out unchanged."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from vidstyle.frames import Frame
from vidstyle.media import EncoderSettings, open_sink, open_source
from vidstyle.media.stamps import FrameClock

from .conftest import Ffprobe
from .made import make_clip, pixels

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
@example(clock=Fraction(1001, 24000), start=0, steps=[1, 719])
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


@pytest.mark.parametrize("ending", ["ts", "mp4", "mkv", "avi", "mov"])
@pytest.mark.parametrize("start", [Fraction(1, 5), Fraction(1, 2), Fraction(13, 10)])
def test_a_cut_has_every_frame_in_it(ending: str, start: Fraction, tmp_path: Path) -> None:
    """MPEG-TS has no index of key frames, and MP4 one of decoding times: a jump alone lands behind the first frame."""
    clip = make_clip(tmp_path / f"in.{ending}", frames=50, options={"g": "20", "bf": "3" if ending != "avi" else "0"})
    with open_source(clip) as source:
        whole = [frame.rgb for frame in source]
    with open_source(clip, start=start, end=start + Fraction(1, 2)) as source:
        part = list(source)
    first = -(-start * 25 // 1)  # the first of the times i / 25 in the cut
    assert [f.stamp.seconds * 25 for f in part] == pytest.approx([*range(len(part))], abs=0.03)
    assert len(part) == -(-(start + Fraction(1, 2)) * 25 // 1) - first
    for index, frame in enumerate(part):
        assert (frame.rgb == whole[first + index]).all()


def test_sound_that_lies_behind_the_pictures_belongs_to_the_cut(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "in.mkv"), "w", options={"max_interleave_delta": "1"}) as out:
        video = out.add_stream("ffv1", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound = out.add_stream("pcm_s16le", rate=8000, layout="mono")
        out.start_encoding()
        for index in range(75):  # the sound of each moment comes a second after its picture
            frame = av.VideoFrame.from_ndarray(pixels(index), "rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            if index < 50:
                out.mux(video.encode(frame))
            if index >= 25:
                tone = av.AudioFrame.from_ndarray(np.zeros((1, 320), np.int16), "s16", "mono")
                tone.sample_rate, tone.pts, tone.time_base = 8000, 320 * (index - 25), Fraction(1, 8000)
                out.mux(sound.encode(tone))
    copy(tmp_path / "in.mkv", tmp_path / "out.mkv", end=Fraction(1, 2))
    with av.open(str(tmp_path / "out.mkv")) as result:
        times = [p.pts * p.time_base for p in result.demux(audio=0) if p.size]
    assert times == [Fraction(i, 25) for i in range(13)]


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


def test_times_that_no_encoder_can_count_to_are_none() -> None:
    notes: list[str] = []
    clock = FrameClock(Fraction(1, 30), Fraction(30), notes.append)
    assert [clock.stamp(pts, 1).pts for pts in (2**58, 2**58, 9, 10)] == [0, 1, 9, 10]
    assert len(set(notes)) == 1


def test_a_still_has_no_parts(tmp_path: Path) -> None:
    Image.new("RGB", (32, 24)).save(tmp_path / "still.png")
    notes: list[str] = []
    with open_source(tmp_path / "still.png", start=Fraction(1), note=notes.append) as source:
        assert len(list(source)) == 1
    assert [note for note in notes if "taken whole" in note]
