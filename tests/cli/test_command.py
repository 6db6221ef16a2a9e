"""The command as a user meets it: what it writes, what it says, how it exits."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from vidstyle.cli.main import main
from vidstyle.nets.transformer_net import TransformerNet
from vidstyle.zoo import Card, save


@pytest.fixture
def style(tmp_path: Path) -> Path:
    path = tmp_path / "style.png"
    Image.effect_noise((80, 64), 90).convert("RGB").save(path)
    return path


@pytest.fixture
def vidstyle(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Runs the command in this process: (exit code, stdout, stderr)."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["vidstyle", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as exit:
            code = int(exit.code or 0)
        return code, *capsys.readouterr()

    return run


def test_a_run_says_where_the_result_is_and_how_fast_it_went(vidstyle, clip: Path, model: Path, style: Path) -> None:
    output = style.with_name("out.mkv")
    code, out, err = vidstyle("stylize", clip, "--style", f"{style}:0.5", "-s", style, "--model", model, "-o", output)
    assert code == 0
    assert output.stat().st_size
    assert str(output) in out
    assert "fps" in out
    assert "Traceback" not in err


def test_pixels_are_optimized_step_by_step(vidstyle, style: Path, tmp_path: Path) -> None:
    Image.linear_gradient("L").resize((40, 36)).convert("RGB").save(tmp_path / "in.png")
    options = ("--method", "gatys", "--steps", "3", "--style-size", "48", "-o", tmp_path / "out.png")
    code, out, err = vidstyle("stylize", tmp_path / "in.png", "-s", style, *options, "--json")
    assert code == 0, err
    assert json.loads(out.splitlines()[-1])["size"] == [40, 36]
    assert any(json.loads(line)["event"] == "step" for line in out.splitlines())
    code, _, err = vidstyle("stylize", tmp_path / "in.png", "-s", style, "--steps", "3")
    assert code == 2
    assert "--method gatys" in err


def test_what_is_painted_by_hand_is_taken_by_its_name(vidstyle, style: Path, tmp_path: Path) -> None:
    (tmp_path / "hand").mkdir()
    Image.new("RGB", (40, 36), (200, 30, 60)).save(tmp_path / "in.png")
    for name in ("000000.png", "1.png"):
        Image.new("RGB", (40, 36), (10, 120, 30)).save(tmp_path / "hand" / name)
    options = ("--method", "gatys", "--keyframes", tmp_path / "hand", "-o", tmp_path / "out.png")
    code, _, err = vidstyle("stylize", tmp_path / "in.png", "-s", style, *options)
    assert code == 0, err
    assert "like 000000.png: 1.png" in err
    assert Image.open(tmp_path / "out.png").getpixel((20, 18)) == (10, 120, 30)


def test_json_is_one_document_a_line(vidstyle, clip: Path, model: Path, style: Path) -> None:
    code, out, _ = vidstyle(
        "stylize", clip, "-s", style, "--model", model, "-o", style.with_name("out.mkv"), "--json", "--start", "0:01"
    )
    events = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert {event["event"] for event in events} >= {"progress", "done"}
    assert events[-1]["frames"] == events[-2]["frames"]


def mistakes(tmp_path: Path, clip: Path, model: Path, style: Path) -> dict[str, tuple[list[object], str]]:
    """Arguments after `stylize`, and what the one line must say."""
    text = tmp_path / "text.mp4"
    text.write_text("no film")
    junk = tmp_path / "junk.safetensors"
    junk.write_bytes(b"x" * 100)
    domain = tmp_path / "domain.safetensors"
    save(TransformerNet(4, 6, 8, blocks=1), Card(name="domain", architecture="transformer_net"), domain)
    good = ["-s", style, "--model", model]
    return {
        "missing file": ([tmp_path / "none.mp4", *good], "does not exist"),
        "misspelt file": ([clip.with_name("clpi.mkv"), *good], f"did you mean {clip}"),
        "text as film": ([text, *good], "text.mp4"),
        "output is input": ([clip, *good, "-o", clip], "the input itself"),
        "no folder": ([clip, *good, "-o", tmp_path / "no" / "out.mp4"], "make it first"),
        "name too long": ([clip, *good, "-o", tmp_path / f"{250 * 'x'}.mkv"], "name too long"),
        "unknown ending": ([clip, *good, "-o", tmp_path / "out.xyz"], ".xyz"),
        "no style": ([clip, "--model", model], "--style"),
        "unknown style": ([clip, "-s", "mosiac", "--model", model], "mosaic"),
        "text as style": ([clip, "-s", text, "--model", model], "text.mp4"),
        "a style of its own": ([clip, "-s", style, "--model", domain], "leave --style away"),
        "unknown model": ([clip, "-s", style, "--model", "brsk"], "brisk"),
        "no model": ([clip, "-s", style, "--model", junk], "junk.safetensors"),
        "no such device": ([clip, *good, "--device", "toaster"], "choose auto"),
        "no such level": ([clip, *good, "--temporal", "fastest"], "off, fast, best"),
        "no such flow": ([clip, *good, "--flow", "brox"], "farneback"),
        "bad time": ([clip, *good, "--start", "soon"], "is not a time"),
        "after the end": ([clip, *good, "--start", "1000"], "no frames in the part"),
        "bad option": ([clip, *good, "--encoder-option", "crf"], "name=value"),
        "unknown option": ([clip, *good, "--encoder-option", "quality=9", "--codec", "h264"], "quality"),
        "unknown codec": ([clip, *good, "--codec", "theora9"], "h264"),
        "misspelt codec": ([clip, *good, "--codec", "dnxr"], "did you mean dnxhr?"),
        "too large": ([clip, *good, "--max-pixels", "100"], "max"),
        "no such flag": ([clip, *good, "--stlye", "x"], "--style"),
        "text as number": ([clip, *good, "--crf", "good"], "vidstyle stylize --help"),
        "weights of zero": ([clip, "-s", f"{style}:0", "--model", model], "sum to zero"),
    }


def test_a_mistake_is_one_line_that_says_what_to_do(vidstyle, clip: Path, model: Path, style: Path) -> None:
    folder = style.parent
    for name, (arguments, hint) in mistakes(folder, clip, model, style).items():
        before = sorted(folder.iterdir()), clip.read_bytes()
        if "-o" not in arguments:
            arguments = [*arguments, "-o", folder / "out.mkv"]
        code, out, err = vidstyle("stylize", *arguments)
        errors = [line for line in err.splitlines() if line.startswith("error: ")]
        assert (name, code, len(errors)) == (name, 2, 1), err
        assert hint in errors[0], (name, errors)
        assert "Traceback" not in err + out
        assert (sorted(folder.iterdir()), clip.read_bytes()) == before, name


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_exits_130_and_leaves_nothing(
    clip: Path, model: Path, style: Path, number: signal.Signals
) -> None:
    output = style.with_name("out.mkv")
    output.write_text("old")
    # FFmpeg's slowest: the run cannot be over before the signal arrives.
    command = [sys.executable, "-m", "vidstyle", "stylize", clip, "-s", style, "--model", model, "-o", output]
    command += ["--json", "--codec", "av1", "--preset", "0", "--runtime", "pytorch"]
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()  # the first event: the run is under way
    deadline = time.monotonic() + 30
    while not list(style.parent.glob(".out.mkv*")) and time.monotonic() < deadline:
        os.sched_yield()
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    assert output.read_text() == "old"
    assert sorted(style.parent.iterdir()) == [output, style]


def test_an_interrupt_that_a_library_hides_is_one_all_the_same() -> None:
    code = """
import signal
from vidstyle.cli.main import app, main

@app.command()
def hide():
    try:
        signal.raise_signal(signal.SIGINT)
    except BaseException:
        raise RuntimeError("some library's") from None

main()
"""
    done = subprocess.run([sys.executable, "-c", code, "hide"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 130
    assert "interrupted" in done.stderr
    assert "Traceback" not in done.stderr


def test_photos_are_probed_too(vidstyle, tmp_path: Path) -> None:
    Image.new("RGB", (40, 24)).save(tmp_path / "photo.jpg")
    code, out, err = vidstyle("probe", tmp_path / "photo.jpg", "--json")
    assert code == 0, err
    assert json.loads(out)["streams"][0]["video"]["size"] == [40, 24]
    code, out, _ = vidstyle("probe", tmp_path / "photo.jpg")
    assert "40 × 24" in out
    assert "5 (BT.601)" in out


def test_the_other_commands_answer(vidstyle, clip: Path, model: Path) -> None:
    code, out, _ = vidstyle("probe", clip, "--json")
    info = json.loads(out)
    assert code == 0
    assert [stream["kind"] for stream in info["streams"]] == ["video", "audio"]
    code, out, _ = vidstyle("doctor", "--json")
    assert code == 0
    assert {"PyTorch", "PyAV", "GPU"} <= {fact["what"] for fact in json.loads(out)}
    code, out, _ = vidstyle("bench", model, f"{model}@pytorch", "--size", "64x48", "--rounds", 1, "--json")
    speeds = json.loads(out)
    assert code == 0
    assert speeds[1]["runtime"] == "pytorch"
    assert all(speed["macs_per_pixel"] > 0 and 0 < speed["peak_share"] < 1 for speed in speeds)
    for command in ("styles", "models"):
        code, out, _ = vidstyle(command, "--json")
        assert code == 0
        assert json.loads(out)


@pytest.mark.parametrize("architecture", ["brisk", "atelier"])
def test_training_ends_with_a_model_that_paints(vidstyle, clip: Path, tmp_path: Path, architecture: str) -> None:
    pytest.importorskip("lightning_fabric")
    pytest.importorskip("tensorboard")
    pictures, recipe, runs = tmp_path / "pictures", tmp_path / "tiny.toml", tmp_path / "runs"
    pictures.mkdir()
    for i in range(3):
        Image.effect_noise((80, 64), 30 + 30 * i).convert("RGB").save(pictures / f"{i}.png")
    lines = f'architecture = "{architecture}"\nsliced = 0.1\ncontrastive = 0.1\nsteps = 9\nminutes = 0.3\n'
    recipe.write_text(lines + "identity_steps = 1\nbatch = 1\ncrop = 32\nside = 32\nholdout = 0\n")
    folders = ["--photos", pictures, "--paintings", pictures, "--out", runs]
    code, out, err = vidstyle("train", recipe, *folders, "--device", "cpu", "--data", "noise", "--steps", 2)
    assert (code, "2 samples" in out) == (0, True), err
    painted = tmp_path / "out.mkv"
    assert (
        vidstyle("stylize", clip, "-s", "waves", "--model", runs / f"{architecture}.safetensors", "-o", painted)[0] == 0
    )
    assert painted.exists()


def test_trials_of_which_none_ends_are_a_failure(vidstyle, tmp_path: Path) -> None:
    pytest.importorskip("lightning_fabric")
    Image.effect_noise((80, 64), 30).convert("RGB").save(tmp_path / "0.png")
    folders = ["--photos", tmp_path, "--paintings", tmp_path, "--clips", tmp_path, "--out", tmp_path / "runs"]
    code, _, err = vidstyle("train", "cyclegan_light", *folders, "--device", "cpu", "--try", "temporal=20")
    assert (code, "no trial came to an end" in err) == (2, True), err


def test_nothing_needs_a_network(
    vidstyle, clip: Path, model: Path, style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    code, _, err = vidstyle("stylize", clip, "-s", style, "--model", model, "-o", tmp_path / "out.mkv")
    assert code == 0, err
    assert vidstyle("models")[0] == 0


def test_closed_outputs_are_no_error(clip: Path, model: Path, style: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.mkv"
    command = [sys.executable, "-m", "vidstyle", "stylize", clip, "-s", style, "--model", model, "-o", output]
    done = subprocess.run(["sh", "-c", 'exec "$@" >&- 2>&-', "sh", *map(str, command)], timeout=120)
    assert done.returncode == 0
    assert output.exists()
