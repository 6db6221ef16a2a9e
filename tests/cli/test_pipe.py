"""`vidstyle pipe` between real programs."""

from __future__ import annotations

import hashlib
import itertools
import os
import pty
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image
from ports import free_port

FRAME = bytes(range(16, 112)) * (64 * 48 * 3 // 2 // 96)
HEADER = b"YUV4MPEG2 W64 H48 F25:1 C420jpeg\n"


@pytest.fixture
def command(model: Path, tmp_path: Path) -> list[str]:
    style = tmp_path / "style.png"
    Image.effect_noise((80, 64), 90).convert("RGB").save(style)
    words = (sys.executable, "-m", "vidstyle", "pipe", "--style", style, "--model", model, "--runtime", "pytorch")
    return list(map(str, words))


def started(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE) | options
    return subprocess.Popen(command, **pipes)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_it_while_it_waits_for_frames(command: list[str], number: signal.Signals) -> None:
    process = started(command)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(HEADER + b"FRAME\n" + FRAME)
    process.stdin.flush()
    assert process.stdout.read(len(HEADER) + 6 + len(FRAME)).startswith(HEADER)
    process.send_signal(number)
    assert process.wait(timeout=300) == 130  # nobody closed its input
    rest, err = process.communicate()
    assert rest == b""
    assert b"interrupted" in err
    assert b"Traceback" not in err


def test_a_reader_that_is_gone_ends_it_quietly_as_it_does_ffmpeg(command: list[str]) -> None:
    process = started([*command, "-q"])
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.close()
    process.stdin.write(HEADER + b"FRAME\n" + FRAME)
    process.stdin.flush()
    assert process.wait(timeout=300) == 1
    assert process.stderr is not None
    assert process.stderr.read() == b""


def test_a_mistake_is_one_line_and_no_video(command: list[str]) -> None:
    process = started(command)
    out, err = process.communicate(b"garbage " * 99, timeout=300)
    assert (process.returncode, out) == (2, b"")
    assert err.startswith(b"error: ")
    assert err.count(b"\n") == 1


def test_terminals_are_refused(command: list[str]) -> None:
    terminal, end = pty.openpty()
    for place in ("stdin", "stdout"):
        process = started(command, **{place: end})
        _, err = process.communicate(timeout=300)
        assert process.returncode == 2
        assert b"ffmpeg -i" in err
    os.close(terminal)
    os.close(end)


# --- with ffmpeg ---


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    found = shutil.which("ffmpeg")
    if found is None:
        pytest.skip("needs ffmpeg")
    return found


def shell(line: str, folder: Path) -> None:
    done = subprocess.run(["bash", "-o", "pipefail", "-ec", line], cwd=folder, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()


def packets(path: Path, kind: str) -> list[tuple[Any, str]]:
    """Exact times and hashes of the packets of a kind."""
    with av.open(str(path)) as container:
        stream = next(s for s in container.streams if s.type == kind)
        found = [(p.pts * p.time_base, bytes(p)) for p in container.demux(stream) if p.size]
    return [(at, hashlib.sha256(data).hexdigest()) for at, data in found]


@pytest.mark.hosts
def test_ffmpeg_gets_every_frame_at_its_time_and_every_other_packet(
    command: list[str], ffmpeg: str, tmp_path: Path
) -> None:
    """A clip of uneven times with sound and subtitles, from ffmpeg to ffmpeg."""
    (tmp_path / "text.srt").write_text("1\n00:00:00,100 --> 00:00:00,700\nA line.\n")
    made = "testsrc2=s=64x48:r=25:d=1.2,select='not(eq(mod(n,5),2))'"
    paint = " ".join(command)
    shell(
        f'{ffmpeg} -v error -f lavfi -i "{made}" -f lavfi -i sine=d=1.2 -i text.srt -map 0 -map 1 -map 2 '
        "-vsync passthrough -c:v rawvideo -c:a libopus -c:s text -f nut - "
        f"| tee in.nut | {paint} | tee out.nut | {ffmpeg} -v error -copyts -i - -map 0 -c copy -f nut end.nut",
        tmp_path,
    )
    before = packets(tmp_path / "in.nut", "video")
    assert len({b - a for (a, _), (b, _) in itertools.pairwise(before)}) > 1
    for file in (tmp_path / "out.nut", tmp_path / "end.nut"):
        for kind in ("audio", "subtitle"):
            assert packets(file, kind) == packets(tmp_path / "in.nut", kind) != []
        after = packets(file, "video")
        assert [at for at, _ in after] == [at for at, _ in before]
        assert all(one != other for (_, one), (_, other) in zip(before, after, strict=True))


@pytest.mark.hosts
@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p10le", "yuv444p", "gray"])
def test_ffmpeg_reads_the_yuv4mpeg_it_would_have_written(
    command: list[str], ffmpeg: str, tmp_path: Path, pix_fmt: str
) -> None:
    made = "testsrc2=s=66x50:r=30000/1001:d=0.2,setsar=4/3,setfield=tff"
    paint = " ".join([*command, "--strength", "0"])
    shell(
        f'{ffmpeg} -v error -f lavfi -i "{made}" -pix_fmt {pix_fmt} -strict -1 -f yuv4mpegpipe - | tee in.y4m '
        f"| {paint} > out.y4m",
        tmp_path,
    )
    assert (tmp_path / "out.y4m").read_bytes() == (tmp_path / "in.y4m").read_bytes()
    with av.open(str(tmp_path / "out.y4m")) as container:
        assert container.streams.video[0].sample_aspect_ratio * 3 == 4


@pytest.mark.hosts
@pytest.mark.parametrize("listener", ["in", "out"])
def test_frames_come_and_go_over_srt(command: list[str], ffmpeg: str, tmp_path: Path, listener: str) -> None:
    """One ffmpeg sends, one receives for the painter, one sends the painting on, and one keeps it."""
    protocols = subprocess.run([ffmpeg, "-hide_banner", "-protocols"], capture_output=True, text=True).stdout
    if "srt" not in protocols.split():
        pytest.skip("this ffmpeg has no SRT")
    first, second = free_port(), free_port()
    modes = {"in": ("caller", "listener"), "out": ("listener", "caller")}[listener]
    # A caller calls until somebody listens; who sends stays until all that is under way has come.
    options = "connect_timeout=200000&linger=10"
    there, here = (f"'srt://127.0.0.1:{first}?mode={mode}&{options}'" for mode in modes)
    on, kept = (f"'srt://127.0.0.1:{second}?mode={mode}&{options}'" for mode in modes)
    paint = " ".join(command)
    ffmpeg = f"timeout 240 {ffmpeg}"
    keep = f"{ffmpeg} -v error -i {kept} -map 0 -c copy out.ts"
    send = (
        f"{ffmpeg} -v error -re -f lavfi -i testsrc2=s=64x48:r=25:d=4 -f lavfi -i sine=d=4 "
        f"-c:v libx264 -g 5 -tune zerolatency -c:a mp2 -f mpegts {there}"
    )
    between = (
        f"{ffmpeg} -v error -i {here} -map 0 -c:a copy -c:v rawvideo -f nut - | {paint} | "
        f"{ffmpeg} -v error -i - -map 0 -c:a copy -c:v libx264 -tune zerolatency -f mpegts {on}"
    )
    processes = [
        subprocess.Popen(["bash", "-o", "pipefail", "-ec", line], cwd=tmp_path, stderr=subprocess.PIPE)
        for line in (keep, between, send)
    ]
    for process in processes:
        _, errors = process.communicate()
        assert process.returncode == 0, errors.decode()
    with av.open(str(tmp_path / "out.ts")) as container:
        frames = list(container.decode(video=0))
    assert len(frames) == 100
    assert packets(tmp_path / "out.ts", "audio")
