"""Figures of clips whose motion, flicker and softness are known."""

import json
import math
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor
from typer.testing import CliRunner

from vidstyle.cli.main import app
from vidstyle.evaluation.clips import Clip, motions
from vidstyle.evaluation.steadiness import flicker, judge_steadiness, roughness, warping_error
from vidstyle.nets.magenta import Magenta
from vidstyle.temporal.flow import flow_estimator
from vidstyle.temporal.raster import blurred
from vidstyle.zoo import Card, save

RATE = 25.0


def panning(count: int) -> list[Tensor]:
    noise = np.random.default_rng(0).random((96, 144 + count, 3), np.float32)
    wide = torch.from_numpy(cv2.GaussianBlur(noise, (0, 0), 2) * 3 - 1).clamp(0, 1).permute(2, 0, 1)[None]
    return [wide[..., i : i + 144] for i in range(count)]


@pytest.fixture(scope="module")
def clip() -> Clip:
    frames = panning(34)
    return Clip("pan", RATE, frames, {n: motions(frames, n, flow_estimator("dis")) for n in (1, 10)})


def waving(clip: Clip, hertz: float) -> list[Tensor]:
    """Its brightness goes up and down."""
    return [0.5 * f + 0.25 + 0.05 * math.sin(2 * math.pi * hertz * i / RATE) for i, f in enumerate(clip.frames)]


def test_flicker_is_the_energy_above_four_hertz(clip: Clip) -> None:
    """A sine of amplitude a has the energy (a / 2)² at its frequency, in the one half of the spectrum."""
    known = clip.motions[1]
    base = flicker([0.5 * f + 0.25 for f in clip.frames], known, RATE)
    fast, slow = (flicker(waving(clip, hertz), known, RATE) - base for hertz in (25 * 8 / 32, 25 * 2 / 32))
    assert fast == pytest.approx(0.025**2, rel=0.1)
    assert abs(slow) < 0.1 * fast
    assert math.isnan(flicker(clip.frames, known, 6.0))  # such a rate shows no 4 Hz


def test_warping_errors_of_a_painting_that_waves(clip: Clip) -> None:
    figures, over_time = judge_steadiness(clip, waving(clip, 25 / 4), None, None, None)
    # Four frames a period: half of the steps are ± amplitude, and ten frames are two periods and a half.
    assert figures["warping_1"] == pytest.approx(1000 * 0.05**2, rel=0.1)
    assert figures["warping_10"] == pytest.approx(1000 * (0.1**2) / 2, rel=0.1)
    assert len(over_time) == 33


def test_nothing_is_compared_over_a_cut() -> None:
    frames = panning(8) + [0.3 * frame.flip(-1) for frame in panning(8)]
    masks = {n: [mask.any().item() for _, mask in motions(frames, n, flow_estimator("dis"))] for n in (1, 3)}
    assert masks[1] == [number != 7 for number in range(15)]
    assert masks[3] == [number not in (5, 6, 7) for number in range(13)]


def test_a_blur_is_steadier_and_less_sharp(clip: Clip) -> None:
    generator, known = torch.Generator().manual_seed(0), clip.motions[1]
    noisy = [frame + 0.05 * torch.randn(frame.shape, generator=generator) for frame in clip.frames]
    soft = [blurred(frame, 1.5) for frame in noisy]
    assert warping_error(soft, known, 1) < 0.5 * warping_error(noisy, known, 1)
    assert roughness(soft) < 0.8 * roughness(noisy)


def test_the_command_writes_a_report_that_stands_alone(model: Path, pan: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    page = tmp_path / "report.html"
    options = ["--clips", pan, "--style", "waves", "--json", "--device", "cpu", "--report", page]
    result = CliRunner().invoke(app, ["evaluate", "temporal", str(model), *map(str, options)])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout[result.stdout.index("{") :])
    levels = {row["level"]: row for row in found["means"]}
    assert list(levels) == ["", "off", "fast", "best"]
    assert levels["off"]["warping_1 ratio"] == 1
    assert levels["best"]["warping_1"] < levels["off"]["warping_1"]
    text = page.read_text()
    assert len(re.findall("<video", text)) == 1
    assert not re.search(r'(src|href)="(?!data:|#)', text)

    same = ["--painted", str(pan), "--per-frame", str(pan), "--style", "dcgan:3", "--json"]
    result = CliRunner().invoke(app, ["evaluate", "temporal", "--clips", str(pan), *same])
    content, off, painted = json.loads(result.stdout[result.stdout.index("{") :])["means"]
    assert content["warping_1"] == off["warping_1"] == painted["warping_1"]
    assert (painted["sharpness"], painted["warping_1 ratio"]) == (1, 1)
    assert painted["style"] > 0


def test_a_model_with_styles_of_its_own_is_judged_by_their_numbers(pan: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    save(Magenta((4, 6, 8), blocks=1, styles=3), Card(name="three", architecture="magenta"), tmp_path / "three.pt")
    options = ["--clips", str(pan), "--style", "2", "--levels", "off", "--frames", "4", "--json"]
    result = CliRunner().invoke(app, ["evaluate", "temporal", str(tmp_path / "three.pt"), *options])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout[result.stdout.index("{") :])["clips"][1]
    assert (found["style"], "style" in found["figures"], found["figures"]["sharpness"]) == ("2", False, 1)
