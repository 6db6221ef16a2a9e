"""Bad input: one line, in time, and nothing left behind."""

from __future__ import annotations

import subprocess
import sys
import zlib
from pathlib import Path

import av
import numpy as np
import pytest

from vidstyle.errors import InputError, OutputError, StyleError
from vidstyle.media import open_sink, open_source
from vidstyle.pictures import load_image

from .made import make_clip


@pytest.mark.slow
def test_torture_never_crashes_hangs_or_leaves_debris(torture: Path, tmp_path: Path) -> None:
    files = sorted(p for p in torture.rglob("*") if p.is_file() and p.name != "manifest.csv")
    assert len(files) > 200
    command = [sys.executable, str(Path(__file__).with_name("each_alone.py")), str(tmp_path), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_is_no_clip_says_so(tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("this is not a film\n" * 100)
    empty = tmp_path / "empty.mp4"
    empty.touch()
    (tmp_path / "folder").mkdir()
    sound = tmp_path / "sound.wav"
    with av.open(str(sound), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        frame.sample_rate = 8000
        out.mux(stream.encode(frame))
    for path in (tmp_path / "missing.mp4", text, empty, tmp_path / "folder", sound, tmp_path / "f%03d.png"):
        with pytest.raises(InputError) as caught:
            open_source(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{clip}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile {name}\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
    ],
)
def test_playlists_cannot_make_us_read_other_files(text: str, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    playlist = tmp_path / "list.mp4"
    playlist.write_text(text.format(clip=clip, name=clip.name))
    with pytest.raises(InputError):
        open_source(playlist)


def test_a_truncated_clip_gives_what_it_has(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mkv", frames=50)
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) * 2 // 3])
    with open_source(clip) as source:
        count = sum(1 for _ in source)
    assert 20 < count < 50


@pytest.mark.parametrize(("codec", "options"), [("png", {}), ("libx264", {"g": "1"}), ("libx265", {"g": "1"})])
def test_a_damaged_frame_costs_that_frame_only(codec: str, options: dict[str, str], tmp_path: Path) -> None:
    pix_fmt = "rgb24" if codec == "png" else "yuv420p"
    clip = make_clip(
        tmp_path / ("clip.mov" if codec == "png" else "clip.mkv"),
        codec=codec,
        frames=10,
        options=options,
        pix_fmt=pix_fmt,
    )
    with av.open(str(clip)) as container:
        packet = [bytes(p) for p in container.demux(video=0) if p.size][4]
    data = bytearray(clip.read_bytes())
    at = data.find(packet)
    data[at : at + len(packet)] = bytes(len(packet))
    clip.write_bytes(data)
    with open_source(clip) as source:
        frames = list(source)
        assert len(frames) == 10
        assert [i for i, f in enumerate(frames) if f.repeated] == [4]
        assert [f.stamp.seconds * 25 for f in frames] == list(range(10))
        assert (frames[4].rgb == frames[3].rgb).all()
        assert any("1 damaged frame" in line for line in source.notes.lines)


def test_absurd_sizes_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    header = (60000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    bomb = tmp_path / "bomb.png"
    data = zlib.compress(bytes(100_000))
    bomb.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b""))
    with pytest.raises(InputError):
        open_source(bomb)
    with pytest.raises(StyleError, match="limit"):
        load_image(bomb)
    clip = make_clip(tmp_path / "clip.mp4")
    with pytest.raises(InputError, match="64x48, more than the limit of 1000 pixels; raise --max-pixels"):
        open_source(clip, max_pixels=1000)


def test_output_may_not_be_the_input(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    before = clip.read_bytes()
    with open_source(clip) as source, pytest.raises(OutputError, match="input itself"):
        open_sink(tmp_path / "." / "clip.mp4", source)
    assert clip.read_bytes() == before


def test_nothing_is_heard_of_ffmpeg(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", frames=30)
    data = bytearray(clip.read_bytes())
    data[len(data) // 3 : len(data) // 2] = bytes(len(data) // 2 - len(data) // 3)
    clip.write_bytes(data)
    code = (
        "import sys, pathlib; from vidstyle.media import *\n"
        "s = open_source(sys.argv[1])\n"
        "with open_sink(sys.argv[2], s, encoder=EncoderSettings(codec=sys.argv[3])) as w:\n"
        "    for f in s: f.rgb = f.rgb; w.write(f)\n"
    )
    for codec in ("h264", "h265", "av1"):
        command = [sys.executable, "-c", code, str(clip), str(tmp_path / f"{codec}.mkv"), codec]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
