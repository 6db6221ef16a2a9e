"""Every kind of container, by ffprobe's word: frames at their times, sound beside them."""

from __future__ import annotations

import io
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from vidstyle.media import EncoderSettings, default_output, open_sink, open_source

from .conftest import Ffprobe
from .made import make_clip

pytestmark = pytest.mark.hosts


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "nut", "flv", "avi", "ts"])
def test_frames_and_sound_stay_in_step(ending: str, ffprobe: Ffprobe, tmp_path: Path) -> None:
    """The sound begins before 0, as AAC does; the picture is coded with frames out of order where that is possible."""
    clip = make_clip(tmp_path / "in.mp4", frames=25, sound=True, options={"bf": "2"})
    out = tmp_path / f"out.{ending}"
    with open_source(clip) as source, open_sink(out, source, encoder=EncoderSettings(codec="h264")) as sink:
        for frame in source:
            sink.write(frame)
    step = {"mkv": Fraction(1, 1000), "flv": Fraction(1, 1000)}.get(ending, Fraction(1, 90000))
    kinds = {stream["codec_type"]: stream["index"] for stream in ffprobe.facts(out)["streams"]}
    entries = "frame=best_effort_timestamp:stream=time_base"  # AVI has no other
    facts = ffprobe(out, "-select_streams", str(kinds["video"]), "-show_entries", entries)
    clock = Fraction(facts["streams"][0]["time_base"])
    times = [int(frame["best_effort_timestamp"]) * clock for frame in facts["frames"]]
    assert all(abs(at - Fraction(i, 25)) <= step for i, at in enumerate(times))
    assert len(times) == 25
    if ending == "ts":  # it frames AAC anew
        return
    before = ffprobe.packets(clip, 1)
    kept = before if ending in ("mp4", "mov", "mkv") else [p for p in before if p[1] >= 0]
    after = ffprobe.packets(out, kinds["audio"])
    assert [digest for digest, _ in after] == [digest for digest, _ in kept]
    assert ("time" in "".join(sink.notes.lines)) == (len(kept) < len(before))
    if ending != "avi":  # counts packets
        assert all(abs(a[1] - b[1]) <= step for a, b in zip(kept, after, strict=True))


@pytest.mark.parametrize(
    ("ending", "codec", "kept"),
    [("mp4", "vp9", True), ("mkv", "h264", True), ("webm", "vp9", False), ("mov", "prores", True)],
)
def test_a_pixel_shape_stays_or_its_loss_is_said(
    ending: str, codec: str, kept: bool, ffprobe: Ffprobe, tmp_path: Path
) -> None:
    plain = make_clip(tmp_path / "in.mp4", frames=3)
    with open_source(plain) as source:
        source.info = replace(source.info, sar=Fraction(16, 11))
        out = tmp_path / f"out.{ending}"
        with open_sink(out, source, encoder=EncoderSettings(codec=codec)) as sink:
            for frame in source:
                sink.write(frame)
    found = ffprobe.facts(out)["streams"][0].get("sample_aspect_ratio")
    assert (found == "16:11") == kept
    assert any("pixel aspect ratio" in line for line in sink.notes.lines) != kept


def test_names_with_percent_signs_are_names(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "100%done.mp4", frames=2)
    with open_source(clip) as source:
        assert default_output(source, "wave") == tmp_path / "100%done-wave.mp4"
        with open_sink(tmp_path / "50%doff.mkv", source) as sink:
            for frame in source:
                sink.write(frame)
    with open_source(clip) as source, open_sink(tmp_path / "50% off %02d.png", source) as sink:
        for frame in source:
            sink.write(frame)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "100%done.mp4",
        "50% off 01.png",
        "50% off 02.png",
        "50%doff.mkv",
    ]


@pytest.mark.parametrize("ending", ["mp4", "mkv", "mov", "webm"])
@pytest.mark.parametrize("start", [None, Fraction(1, 5)])
def test_a_cover_picture_stays_or_its_loss_is_said(
    ending: str, start: Fraction | None, ffprobe: Ffprobe, tmp_path: Path
) -> None:
    clip, cover, both = make_clip(tmp_path / "in.mp4", frames=10), tmp_path / "cover.png", tmp_path / "both.mp4"
    Image.new("RGB", (32, 24), "teal").save(cover)
    join = ["ffmpeg", "-v", "error", "-i", clip, "-i", cover, "-map", "0", "-map", "1", "-c", "copy"]
    subprocess.run([*join, "-disposition:v:1", "attached_pic", both], check=True)
    out = tmp_path / f"out.{ending}"
    with open_source(both, start=start) as source, open_sink(out, source, encoder=EncoderSettings()) as sink:
        for frame in source:
            sink.write(frame)
    covers = [s for s in ffprobe.facts(out)["streams"] if s["disposition"]["attached_pic"]]
    if ending in ("mp4", "mkv"):
        (found,) = covers
        image = Image.open(io.BytesIO(payload(out, found["index"])))
        assert image.getpixel((5, 5)) == Image.new("RGB", (1, 1), "teal").getpixel((0, 0))
    else:
        assert any("left out" in line and "MP4 or Matroska can" in line for line in sink.notes.lines)


def payload(path: Path, index: int) -> bytes:
    """What a stream holds, as FFmpeg's own command copies it."""
    command = ["ffmpeg", "-v", "error", "-i", path, "-map", f"0:{index}", "-c", "copy", "-f", "data", "-"]
    return subprocess.run(command, check=True, capture_output=True).stdout
