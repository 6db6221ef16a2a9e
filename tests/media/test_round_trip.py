"""Every real clip, stylized: whatever is not the picture's look must come out as it went in."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from vidstyle import Stylizer, stylize
from vidstyle.errors import InputError
from vidstyle.media import open_source

from .conftest import SHARED, Ffprobe

CLIPS = sorted(p.name for p in (SHARED / "video").glob("*.*") if p.suffix != ".csv") if SHARED.is_dir() else []
# Containers that the sink does not write, and FFmpeg's samples whose names lie.
OTHER_ENDING = {
    "tc_sine_stereo_mp2.mpg": ".mkv",
    "fate_dvbsubtest_filter.mp4": ".mkv",
    "fate_xdcam8mp2-1s_small.mp4": ".mkv",
    "fate_matrixbench_mpeg2.lq1.mp4": ".mkv",
    "fate_Meridian-Apple_ProResProxy-HDR10.mp4": ".mov",
    "fate_prores4444_with_transparency.mp4": ".mov",
}
# Large and long: made small on the way, to save minutes.
SMALLER = {"mpy_smpte-2997.mp4", "mpy_big_buck_bunny_0_30.webm"}
SMALLER |= {"skv_bigbuckbunny.mp4", "tc_testsrc2.mp4", "tc_testsrc2_vp8.webm", "tc_testsrc2_vp9.webm"}
# What muxers write of themselves, and statistics of the old coding.
OWN_TAGS = {"encoder", "major_brand", "minor_version", "compatible_brands", "duration", "vendor_id", "handler_name"}
OWN_TAGS |= {"language", "creation_time", "file_package_umid", "timecode", "alpha_mode"}
MILLISECOND_CLOCKS = {".mkv", ".webm"}

pytestmark = pytest.mark.hosts


@pytest.fixture(scope="module")
def painter(model: Path) -> Stylizer:
    return Stylizer(model, device="cpu", runtime="openvino" if find_spec("openvino") else "pytorch")


def paint(clip: Path, out: Path, painter: Stylizer) -> tuple[int, tuple[int, int]]:
    """Stylize a clip, encoded fast; returns the index of the painted stream and its new size."""
    fast: dict = {"preset": "ultrafast"} if out.suffix in (".mp4", ".mkv") else {}
    if out.suffix == ".webm":
        fast = {"encoder_options": {"deadline": "realtime", "cpu-used": "8"}}
    smaller = 320 if clip.name in SMALLER else None
    result = stylize(clip, torch.rand(1, 3, 64, 64), out, model=painter, max_side=smaller, temporal="off", **fast)
    with open_source(clip) as source:
        return source.video.index, result.size


def tags(stream: dict) -> dict[str, str]:
    found = {k.lower().split("-")[0]: v for k, v in stream.get("tags", {}).items()}
    statistics = ("bps", "number_of", "_statistics")
    return {k: v for k, v in found.items() if k not in OWN_TAGS and not k.startswith(statistics)}


@pytest.mark.parametrize("name", CLIPS)
def test_nothing_but_the_look_changes(
    name: str, video: Path, painter: Stylizer, ffprobe: Ffprobe, tmp_path: Path
) -> None:
    clip = video / name
    out = tmp_path / ("out" + OTHER_ENDING.get(name, clip.suffix))
    if name == "fate_dvbsubtest_filter.mp4":  # its video stream holds no picture
        with pytest.raises(InputError):
            open_source(clip)
        return
    index, size = paint(clip, out, painter)
    before, after = ffprobe.facts(clip), ffprobe.facts(out)
    old, new = before["streams"], after["streams"]
    main = next(s["index"] for s in new if s["codec_type"] == "video" and (s["width"], s["height"]) == size)

    assert clip.name in SMALLER or size == (old[index]["width"], old[index]["height"])
    check_times(ffprobe, clip, index, out, main)
    check_picture_tags(old[index], new[main])
    assert tags(before["format"]) == tags(after["format"])
    chapters = [[(c["start_time"], c["end_time"], c.get("tags")) for c in f["chapters"]] for f in (before, after)]
    assert chapters[0] == chapters[1]

    others = [s for s in old if s["index"] != index]
    copies = [s for s in new if s["index"] != main]
    if not any(s.get("codec_tag_string") == "tmcd" for s in others):  # MXF has a time code without a track of its own
        copies = [s for s in copies if s.get("codec_tag_string") != "tmcd"]
    assert len(others) == len(copies)
    for a, b in zip(others, copies, strict=True):
        check_copy(ffprobe, clip, a, out, b)


def check_times(ffprobe: Ffprobe, clip: Path, index: int, out: Path, main: int) -> None:
    old, new = ffprobe.frame_times(clip, index), ffprobe.frame_times(out, main)
    assert len(old) == len(new)
    for a, b in zip(old, new, strict=True):
        if a is None:  # ffprobe gives some first frames of MPEG streams no time
            continue
        if out.suffix in MILLISECOND_CLOCKS and clip.suffix not in MILLISECOND_CLOCKS:
            assert abs(a - b) * 2000 <= 1
        else:
            assert a == b


def check_picture_tags(old: dict, new: dict) -> None:
    def color(stream: dict) -> tuple:
        range_ = {"tv": None}.get(stream.get("color_range"), stream.get("color_range"))  # limited is what no tag means
        return (range_, *(stream.get(k) for k in ("color_transfer", "color_primaries")))

    assert new.get("sample_aspect_ratio", "1:1") == old.get("sample_aspect_ratio", "1:1")
    assert old["pix_fmt"] in ("bgra",) or color(new) == color(old)
    assert old.get("color_space") in (new.get("color_space"), None)  # ffprobe 5 does not read VP8's
    kept = {"Display Matrix", "Spherical Mapping", "Stereo 3D"}
    sides = [[s for s in stream.get("side_data_list", []) if s["side_data_type"] in kept] for stream in (old, new)]
    if old["codec_name"] == new["codec_name"] or any(s["side_data_type"] == "Display Matrix" for s in sides[0]):
        assert sorted(map(str, sides[0])) == sorted(map(str, sides[1]))
    assert tags(old) == tags(new)
    assert old.get("tags", {}).get("language", "und") == new.get("tags", {}).get("language", "und")
    assert old.get("tags", {}).get("timecode") in (None, new.get("tags", {}).get("timecode"))


def check_copy(ffprobe: Ffprobe, clip: Path, old: dict, out: Path, new: dict) -> None:
    assert old["codec_type"] == new["codec_type"]
    assert old.get("codec_name") == new.get("codec_name")
    if old["codec_type"] == "attachment":
        assert old["extradata_size"] == new["extradata_size"]
        return
    a, b = ffprobe.packets(clip, old["index"]), ffprobe.packets(out, new["index"])
    assert [digest for digest, _ in a] == [digest for digest, _ in b]
    if out.suffix not in MILLISECOND_CLOCKS or clip.suffix in MILLISECOND_CLOCKS:
        assert a == b
    if old.get("codec_tag_string") != "tmcd":  # made anew by the muxer, from the tag
        gained = {"default": 1} if not old["disposition"]["default"] else {}  # MOV makes its first track the default
        assert new["disposition"] in (old["disposition"], old["disposition"] | gained)
    assert tags(old) == tags(new)
    assert old.get("tags", {}).get("language", "und") == new.get("tags", {}).get("language", "und")
