"""`vidstyle live` from the outside."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import av
import pytest


def words(model: Path, *more: str) -> list[str]:
    live = [sys.executable, "-m", "vidstyle", "live", "test:64x48@25", "--style", "waves", "--model", str(model)]
    return [*live, "--runtime", "pytorch", *more]


def frames(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def test_an_interrupt_ends_it_well(model: Path, tmp_path: Path) -> None:
    """Lines for machines meanwhile; control over HTTP; the recording is whole, and nothing else is left."""
    path = tmp_path / "a.mkv"
    command = words(model, "--to", str(path), "--json", "--control", "0")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    first = json.loads(process.stdout.readline())
    address = process.stderr.readline().rpartition(" ")[2].strip().removesuffix("/status")
    request = urllib.request.Request(
        f"{address}/controls", b'{"strength": 0.5}', {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert json.load(answer)["strength"] == 0.5
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    last = json.loads(out.splitlines()[-1])
    assert (first["event"], last["event"]) == ("status", "end")
    assert last["look"]["strength"] == 0.5
    assert last["came"] == last["dropped"] + last["painted"] + last["repeated"] + last["passed"]
    assert [child.name for child in tmp_path.iterdir()] == ["a.mkv"]
    assert frames(path) == last["sinks"][0]["shown"]


def test_keys_steer_it(model: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = words(model, "--to", str(tmp_path / "a.mkv"), "--json")
    process = subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    os.close(theirs)
    assert process.stdout is not None
    json.loads(process.stdout.readline())
    for key in (b"-", b"\x1b[B", b"n", b"t", b"s"):
        os.write(ours, key)
        time.sleep(0.3)  # as a person: keys pressed at once come as one
    os.write(ours, b"q")
    out, _ = process.communicate(timeout=60)
    look = json.loads(out.splitlines()[-1])["look"]
    assert process.returncode == 0
    assert (look["strength"], look["temporal"]) == (0.8, "off")
    assert look["styles"][0][0] != "waves"
    assert len(list(tmp_path.glob("vidstyle-*.png"))) == 1
    os.close(ours)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.mp4"], "does not exist"),
        (["gopher://host/x"], "known source"),
        (["test:1x1"], "too small"),
        (["rtmp://someone:secret@127.0.0.1:1/x"], "refused"),
        (["test:", "--to", "a.xyz"], "not known"),
        (["test:", "--to", "mjpeg:0.0.0.0:0"], "--token"),
        (["test:", "--to", "nothing/a.mkv"], "no folder"),
        (["test:", "--to", "udp://127.0.0.1:9", "--to", "nothing/a.m3u8"], "no folder"),
        (["test:", "--to", "."], "without an ending"),
        (["udp://127.0.0.1:9", "--to", "udp://127.0.0.1:9"], "named twice"),
        (["test:", "--temporal", "best"], "off and fast"),
    ],
)
def test_mistakes_are_one_line(model: Path, tmp_path: Path, arguments: list[str], said: str) -> None:
    live = [sys.executable, "-m", "vidstyle", "live", *arguments]
    command = [*live, "--style", "waves", "--model", str(model), "--json"]
    to = [] if "--to" in arguments else ["--to", "a.mkv"]
    done = subprocess.run([*command, *to], capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not done.stdout  # it did not begin
    assert "secret" not in done.stderr
    assert not list(tmp_path.iterdir())
