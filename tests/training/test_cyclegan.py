"""CycleGAN, for real on tiny pictures: two palettes become each other."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from vidstyle.errors import ModelError, OptionError
from vidstyle.nets.patchgan import PatchGAN
from vidstyle.stylizers import Stylizer
from vidstyle.training import load_recipe
from vidstyle.training.image_pool import ImagePool
from vidstyle.training.schedule import learning_rate
from vidstyle.zoo import load

TINY = {"width": 8, "critic": 8, "crop": 32, "side": 40, "batch": 2, "holdout": 1, "average": 0.9}


@pytest.fixture
def domains(tmp_path: Path) -> tuple[Path, Path]:
    """Reddish and bluish soft pictures."""
    rng = np.random.default_rng(0)
    for name, gain in (("red", (1.0, 0.3, 0.2)), ("blue", (0.2, 0.4, 1.0))):
        (tmp_path / name).mkdir()
        for number in range(6):
            low = rng.integers(80, 255, (4, 4, 1)) * np.array(gain)
            Image.fromarray(low.astype(np.uint8)).resize((60, 50)).save(tmp_path / name / f"{number}.png")
    return tmp_path / "red", tmp_path / "blue"


@pytest.mark.parametrize(
    "options",
    [
        {"generator": "resnet6"},
        {"generator": "unet", "adversarial_loss": "bce", "cycle_loss": "mse", "spectral": True, "temporal": 1.0},
    ],
)
def test_two_palettes_become_each_other(
    domains: tuple[Path, Path], options: dict[str, object], tmp_path_factory: pytest.TempPathFactory
) -> None:
    pytest.importorskip("lightning_fabric")
    pytest.importorskip("tensorboard")
    from vidstyle.training import train

    recipe = load_recipe("cyclegan", steps=120, learning_rate=2e-3, rotation=5.0, colour=0.05, **TINY, **options)
    seen: list[dict[str, float]] = []
    output = tmp_path_factory.mktemp("out")
    path, _ = train(recipe, *domains, "glance", output, device="cpu", on_progress=seen.append)
    assert seen[-1]["cycle"] < 0.8 * seen[0]["cycle"]
    assert {file.name for file in output.glob("*.safetensors")} == {"red2blue.safetensors", "blue2red.safetensors"}
    red = torch.from_numpy(np.array(Image.open(domains[0] / "0.png"))).permute(2, 0, 1)[None] / 255
    painter = Stylizer(path, device="cpu")
    painted = painter(red, painter.encode_style(None)).mean((0, 2, 3))
    assert painted[2] > painted[0]


def test_clips_teach_steadiness(
    domains: tuple[Path, Path], pan: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pytest.importorskip("lightning_fabric")
    pytest.importorskip("tensorboard")
    from vidstyle.training import train

    # Every step sees two frames of the clip; its light does not change, so all change that motion leaves is the net's.
    filmed = {"clips_every": 1, "furthest": 3, "steps": 80, "learning_rate": 2e-3} | TINY | {"batch": 1, "width": 4}
    ends = []
    for weight in (30.0, 1e-9):
        weights = {"temporal": weight, "temporal_features": weight / 10}
        recipe = load_recipe("cyclegan", generator="resnet6", **weights, **filmed)
        seen: list[dict[str, float]] = []
        output = tmp_path_factory.mktemp("out")
        path, _ = train(recipe, *domains, "glance", output, clips=pan.parent, device="cpu", on_progress=seen.append)
        assert load(path).card.data.endswith("1 shots of clips")
        ends.append(seen[-1])
        if weight > 1:
            assert seen[-1]["temporal"] < 0.5 * seen[0]["temporal"]
            assert seen[-1]["temporal_features"] < 0.5 * seen[0]["temporal_features"]
    assert ends[0]["temporal"] < 0.7 * ends[1]["temporal"]
    assert ends[0]["temporal_features"] < 0.8 * ends[1]["temporal_features"]

    still = load_recipe("cyclegan", **TINY)
    with pytest.raises(OptionError, match="terms weigh 0"):
        train(still, *domains, "glance", output, clips=pan.parent, device="cpu")
    with pytest.raises(OptionError, match="unet"):
        load_recipe("cyclegan", generator="unet", temporal_features=1.0)


def test_an_interrupted_run_goes_on_and_another_is_refused(
    domains: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    pytest.importorskip("lightning_fabric")
    pytest.importorskip("tensorboard")
    from vidstyle.training import train

    recipe = load_recipe("cyclegan", generator="unet", steps=40, pool=3, **TINY)

    def run(output: Path, stop: int = 0) -> Path:
        def interrupt(event: dict[str, float]) -> None:
            if event["step"] == stop:
                raise KeyboardInterrupt

        return train(recipe, *domains, "glance", output, device="cpu", on_progress=interrupt)[0]

    whole, output = tmp_path_factory.mktemp("whole"), tmp_path_factory.mktemp("out")
    run(whole)
    with pytest.raises(KeyboardInterrupt):
        run(output, stop=20)
    state = torch.load(output / "checkpoint.pt", weights_only=True)
    assert len(state["pool_a"]) == 3
    run(output)
    one, other = (load_file(folder / "red2blue.safetensors") for folder in (whole, output))
    for name, value in one.items():
        torch.testing.assert_close(value, other[name], atol=2e-3, rtol=0)
    with pytest.raises(ModelError, match="--restart"):
        train(recipe, *reversed(domains), "glance", output, device="cpu")


def test_a_pool_hands_back_what_it_was_given() -> None:
    torch.manual_seed(0)
    pool, given = ImagePool(3), []
    back = []
    for number in range(40):
        given.append(float(number))
        back.append(pool.swap(torch.full((1, 3, 2, 2), float(number))).unique().item())
    assert back[:3] == [0, 1, 2]
    assert all(found <= now for found, now in zip(back, given, strict=True))
    older = sum(found < now for found, now in zip(back, given, strict=True))
    assert 8 < older < 30  # half of 37
    copy = ImagePool(3)
    copy.load_state_dict(pool.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(copy.pictures, pool.pictures, strict=True))
    assert ImagePool(0).swap(torch.ones(2, 3, 4, 4)).shape == (2, 3, 4, 4)


def test_a_patch_is_seventy_pixels() -> None:
    torch.manual_seed(0)
    net = PatchGAN(4, spectral=True).eval()
    pictures = torch.rand(1, 3, 256, 256, requires_grad=True)
    logits = net(pictures)
    assert logits.shape == (1, 1, 30, 30)
    logits[0, 0, 15, 15].backward()
    rows = pictures.grad.abs().sum((0, 1, 3)).nonzero().flatten()
    assert rows.max() - rows.min() + 1 == 70


def test_the_rate_falls_by_a_line_in_the_second_half() -> None:
    recipe = load_recipe("cyclegan", learning_rate=1.0)
    assert [learning_rate(recipe, 9, progress) for progress in (0.2, 0.5, 0.75, 1.0)] == [1.0, 1.0, 0.5, 0.0]


@pytest.mark.parametrize("wrong", [{"generator": "resnet8"}, {"cycle_loss": "l3"}, {"pool": -1}, {"decay": "step"}])
def test_a_wrong_recipe_is_named(wrong: dict[str, object]) -> None:
    with pytest.raises(OptionError):
        load_recipe("cyclegan", **wrong)
