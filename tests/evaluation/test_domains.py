"""Generators between two made-up domains, of which what is to be measured is known."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from vidstyle.errors import OptionError
from vidstyle.evaluation.domains import GlanceFeatures, judge_generator, likeness
from vidstyle.evaluation.inception import Inception
from vidstyle.evaluation.pictures import load_pictures
from vidstyle.nets.protocol import FixedStyleNet

pytestmark = pytest.mark.skipif(find_spec("torchmetrics") is None, reason="needs torchmetrics")


class Inverted(FixedStyleNet):
    """From any picture to its negative, and back."""

    def paint(self, frames: torch.Tensor) -> torch.Tensor:
        return 1 - frames


class Painter:
    """What is asked of a Stylizer here."""

    def __init__(self, net: FixedStyleNet) -> None:
        self.net = net

    def __call__(self, frames: torch.Tensor, code: object) -> torch.Tensor:
        return self.net(frames)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Dark blots, and their negatives under the same names."""
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    for number in range(6):
        small = Image.fromarray(rng.integers(0, 120, (8, 8, 3), np.uint8)).resize((96, 96), Image.Resampling.BICUBIC)
        small.save(tmp_path / "a" / f"{number}.png")
        Image.fromarray(255 - np.asarray(small)).save(tmp_path / "b" / f"{number}.png")
    return tmp_path / "a", tmp_path / "b"


def test_the_right_generator_reaches_its_targets(folders: tuple[Path, Path]) -> None:
    contents, targets = (load_pictures(folder, 96, None, torch.device("cpu")) for folder in folders)
    sets = {"frechet": Inception(features=GlanceFeatures())}
    right = Painter(Inverted())
    found = judge_generator(right, sets, contents, targets, back=right, paired=True)  # type: ignore[arg-type]
    before = judge_generator(None, sets, contents, targets, paired=True)
    assert found["frechet"] < 0.01 * before["frechet"]
    assert found["target_psnr"] == found["cycle_psnr"] == 100
    assert found["target_ssim"] == pytest.approx(1, abs=1e-4)
    assert before["ssim"] == pytest.approx(1, abs=1e-4)
    assert before["target_psnr"] < 12
    assert "cycle_psnr" not in before


def test_likeness_is_the_closed_form() -> None:
    grey = torch.full((1, 3, 32, 32), 0.5)
    assert likeness(grey, grey + 0.1)["psnr"] == pytest.approx(20, abs=1e-3)


def test_a_model_that_takes_styles_is_named(folders: tuple[Path, Path], model: Path) -> None:
    from vidstyle.cli.evaluate_domain import domain

    with pytest.raises(OptionError, match="evaluate pictures"):
        domain([str(model)], *folders, None, False, 64, None, False, "cpu", False)
