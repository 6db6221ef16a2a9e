"""Figures of paintings whose distances are known beforehand, and the report about them."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from PIL import Image

from vidstyle.cli.main import app
from vidstyle.evaluation.pictures import PictureJudge, load_pictures
from vidstyle.perception import load_lpips, load_perceptual

TEACHERS = Path(__file__).parents[2].parent / "shared" / "teachers"
pytestmark = pytest.mark.skipif(not TEACHERS.exists(), reason="needs ../shared/teachers")


@pytest.fixture(scope="module")
def judge() -> PictureJudge:
    pytest.importorskip("h5py")
    return PictureJudge(load_perceptual(TEACHERS), load_lpips(TEACHERS / "lpips"))


@pytest.fixture
def pair() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    small = torch.rand(2, 3, 12, 12)
    content, style = torch.nn.functional.interpolate(small, (96, 96), mode="bicubic").clamp(0, 1).split(1)
    return content, style


def test_a_painting_that_is_its_content(judge: PictureJudge, pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    content, style = pair
    figures = judge(content, content, style)
    assert figures["content"] == pytest.approx(0, abs=1e-6)
    assert figures["lpips"] == 0
    assert figures["ssim"] == pytest.approx(1, abs=1e-5)
    assert figures["variation"] == pytest.approx(1)
    assert figures["style"] > 0.1


def test_a_painting_that_is_its_style(judge: PictureJudge, pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    content, style = pair
    figures = judge(style, content, style)
    assert figures["style"] == pytest.approx(0, abs=1e-6)
    assert figures["gram"] == pytest.approx(0, abs=1e-6)
    assert figures["content"] > 0.1
    assert figures["lpips"] > 0.1
    assert figures["ssim"] < 0.5


def test_every_distance_to_the_content_grows_with_the_damage(
    judge: PictureJudge, pair: tuple[torch.Tensor, torch.Tensor]
) -> None:
    content, style = pair
    noise = torch.randn(content.shape, generator=torch.Generator().manual_seed(1))
    found = [judge((content + much * noise).clamp(0, 1), content, style) for much in (0.02, 0.1, 0.3)]
    for name in ("content", "lpips", "variation"):
        assert found[0][name] < found[1][name] < found[2][name]
    assert found[0]["ssim"] > found[1]["ssim"] > found[2]["ssim"]


def test_lpips_is_the_published_packages() -> None:
    """Value of lpips 0.1.4 with the same net and its Caffe preprocessing, for pictures that any machine can make."""
    pytest.importorskip("h5py")
    distance = load_lpips(TEACHERS / "lpips")
    assert distance is not None
    y, x = torch.meshgrid(torch.arange(96) / 96, torch.arange(80) / 80, indexing="ij")
    a = torch.stack([y, x, y * x])[None]
    b = torch.stack([y, x, (20 * x).sin() / 2 + 0.5])[None]
    assert distance(a, b).item() == pytest.approx(0.27628, abs=1e-4)


def test_the_frechet_distance_of_two_clouds_is_the_closed_form() -> None:
    """FID between Gaussians of means m, n and diagonal covariances is |m − n|² + Σ(σ − τ)²."""
    if find_spec("torchmetrics") is None:
        pytest.skip("needs torchmetrics")
    from vidstyle.evaluation.inception import Inception

    class Colour(torch.nn.Module):
        num_features = 3

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.double().mean((2, 3))

    corners = torch.tensor([[a, b, c] for a in (-1.0, 1.0) for b in (-1.0, 1.0) for c in (-1.0, 1.0)])  # (8, 3)
    styles = (100 + 10 * corners)[..., None, None].expand(-1, -1, 8, 8) / 255
    paintings = (120 + 30 * corners)[..., None, None].expand(-1, -1, 8, 8) / 255
    sets = Inception(features=Colour())
    sets.begin([styles])
    sets.see(paintings)
    found = sets.figures(lpips=0.5)
    # Covariances are those of samples: eight of them, so deviations are larger by √(8/7).
    assert found["fid"] == pytest.approx((3 * 20**2 + 3 * 20**2 * 8 / 7) / 255**2, rel=1e-3)
    assert found["artfid"] == pytest.approx(1.5 * (1 + found["fid"]))
    sets.begin([paintings])
    sets.see(paintings)
    assert sets.figures(lpips=None)["fid"] == pytest.approx(0, abs=1e-5)


def test_the_report_stands_alone(tmp_path: Path, model: Path) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("h5py")
    for folder, count in (("contents", 2), ("styles", 3)):
        (tmp_path / folder).mkdir()
        for i in range(count):
            Image.effect_noise((80, 70), 30 * i + 20).convert("RGB").save(tmp_path / folder / f"<{i}>.png")
    from typer.testing import CliRunner

    page = tmp_path / "report.html"
    folders = ["--contents", tmp_path / "contents", "--styles", tmp_path / "styles", "--encoder", TEACHERS]
    options = ["--side", 64, "--report", page, "--device", "cpu"]
    result = CliRunner().invoke(app, ["evaluate", "pictures", *map(str, [model, *folders, *options])])
    assert result.exit_code == 0, result.output
    text = page.read_text()
    assert text.count("<img") == (3 + 1) * (2 + 1) - 1
    assert len(re.findall("<svg", text)) == 2
    assert not re.search(r'(src|href)="(?!data:|#)', text)
    assert "<0>" not in text
    assert len(load_pictures(tmp_path / "styles", 64, 2, torch.device("cpu"))) == 2
