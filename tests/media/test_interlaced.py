"""Interlaced clips: each frame holds two moments, one in the even lines and one in the odd."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from vidstyle.media import EncoderSettings, open_sink, open_source

from .conftest import Ffprobe

pytestmark = pytest.mark.hosts


@pytest.fixture(scope="module")
def interlaced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """25 frames of a bar that moves 8 pixels from field to field, top field first."""
    path = tmp_path_factory.mktemp("interlaced") / "in.mp4"
    bar = (
        "color=black:size=160x64:rate=50:duration=1[b];color=white:size=20x64:rate=50[w];[b][w]overlay=x='mod(8*n,140)'"
    )
    command = ["ffmpeg", "-v", "error", "-filter_complex", f"{bar}:shortest=1,tinterlace=interleave_top,format=yuv420p"]
    subprocess.run([*command, "-flags", "+ilme+ildct", "-x264opts", "tff=1", "-crf", "1", path], check=True)
    return path


def combs(rgb: np.ndarray) -> float:
    """How far lines are from the mean of the lines above and below."""
    lines = rgb.astype(float)
    return float(np.abs(lines[1:-1] - (lines[:-2] + lines[2:]) / 2).mean())


def test_fields_become_frames_with_a_note(interlaced: Path, ffprobe: Ffprobe, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    with open_source(interlaced, deinterlace=False) as source:
        before = np.mean([combs(frame.rgb) for frame in source])
    with open_source(interlaced) as source, open_sink(out, source, encoder=EncoderSettings()) as sink:
        after = []
        for frame in source:
            after.append(combs(frame.rgb))
            sink.write(frame)
    assert before > 10
    assert np.mean(after[1:]) < before / 10
    assert len(after) == 25
    assert any("interlaced" in line for line in [*source.notes.lines, *sink.notes.lines])
    assert ffprobe.facts(out)["streams"][0]["field_order"] == "progressive"
    assert ffprobe.frame_times(out, 0) == ffprobe.frame_times(interlaced, 0)


def test_fields_stay_when_asked(interlaced: Path, ffprobe: Ffprobe, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    with (
        open_source(interlaced, deinterlace=False) as source,
        open_sink(out, source, encoder=EncoderSettings(crf=1)) as sink,
    ):
        for frame in source:
            frame.rgb = frame.rgb.copy()  # painted
            sink.write(frame)
    assert ffprobe.facts(out)["streams"][0]["field_order"] == "tt"
    flags = ffprobe(out, "-show_entries", "frame=interlaced_frame,top_field_first", "-select_streams", "0")["frames"]
    assert all((frame["interlaced_frame"], frame["top_field_first"]) == (1, 1) for frame in flags)
    with open_source(interlaced, deinterlace=False) as a, open_source(out, deinterlace=False) as b:
        for old, new in zip(a, b, strict=True):
            assert combs(new.rgb) == pytest.approx(combs(old.rgb), rel=0.1)
