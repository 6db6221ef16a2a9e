"""A tiny run from pictures to a model file."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from vidstyle.errors import InputError, OptionError
from vidstyle.nets.brisk import Brisk, BriskSizes
from vidstyle.training import load_recipe, save_trained
from vidstyle.training.pictures import held_out, list_pictures
from vidstyle.training.schedule import learning_rate
from vidstyle.zoo import load

TEACHERS = Path(__file__).parents[2].parent / "shared" / "teachers"
SMALL = BriskSizes(half=4, quarter=8, eighth=8, bottleneck=8, blocks=1, style=(4, 8, 8, 8, 8), embedding=16)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for i in range(4):
        low = rng.integers(0, 255, (4, 5, 3), np.uint8)
        Image.fromarray(low).resize((90, 70)).save(tmp_path / f"{i}.png")
    (tmp_path / "broken.jpg").write_text("no picture")
    return tmp_path


@pytest.mark.skipif(not TEACHERS.exists(), reason="needs ../shared/teachers")
def test_a_run_resumes_and_ends_as_a_model_with_a_card(
    pictures: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pytest.importorskip("lightning_fabric")
    pytest.importorskip("tensorboard")
    from vidstyle.training import train

    output = tmp_path_factory.mktemp("run")
    changes = {"batch": 2, "crop": 32, "side": 64, "holdout": 1}
    seen: list[int] = []
    torch.manual_seed(0)
    net = Brisk(SMALL)
    before = [p.clone() for p in net.parameters()]
    short = load_recipe("brisk", steps=20, **changes)
    net, report = train(short, pictures, pictures, TEACHERS, output, start_from=net, device="cpu")
    assert report["steps"] == 20
    assert any(not torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))

    longer = load_recipe("brisk", steps=40, **changes)
    net, report = train(
        longer,
        pictures,
        pictures,
        TEACHERS,
        output,
        start_from=Brisk(SMALL),
        device="cpu",
        on_progress=lambda event: seen.append(event["step"]),
    )
    assert seen == [40]  # went on after step 20
    assert (output / "sheet_000040.png").exists()
    model = load(save_trained(net, longer, report, output, data="noise", licence="CC0-1.0"))
    assert model.card.licence == "CC0-1.0"
    assert model.card.recipe["steps"] == 40
    frame, style = torch.rand(1, 3, 32, 32), torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        expected = net.eval()(frame, net.encode_style(style))
        found = model.net(frame, model.net.encode_style(style))
    torch.testing.assert_close(found, expected, atol=5e-3, rtol=0)  # float16 in the file


def test_held_out_photos_are_not_trained_on(pictures: Path) -> None:
    training, kept = held_out(list_pictures(pictures), 2)
    assert len(kept) == 2
    assert not set(training) & set(kept)


def test_the_rate_warms_up_and_anneals() -> None:
    recipe = load_recipe("brisk", learning_rate=1.0, warmup=10, final_rate=0.1)
    assert learning_rate(recipe, 0, 0.0) == pytest.approx(0.1)
    assert learning_rate(recipe, 500, 0.5) == pytest.approx(0.55)
    assert learning_rate(recipe, 999, 1.0) == pytest.approx(0.1)


def test_bad_recipes_and_folders_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"known: .*brisk"):
        load_recipe("brsk")
    (tmp_path / "mine.toml").write_text("stps = 3")
    with pytest.raises(OptionError, match="stps"):
        load_recipe(tmp_path / "mine.toml")
    with pytest.raises(InputError, match="holds no pictures"):
        list_pictures(tmp_path)
