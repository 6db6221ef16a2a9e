"""A tiny run from pictures to a model file."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from vidstyle.errors import InputError, ModelError, OptionError, OutputError
from vidstyle.nets.brisk import Brisk, BriskSizes
from vidstyle.nets.vgg import VGG
from vidstyle.perception.encoder import GLANCE, load_glance
from vidstyle.pictures import list_pictures, load_square
from vidstyle.stylizers import Stylizer
from vidstyle.training import load_recipe
from vidstyle.training.encoder import untrained_encoder
from vidstyle.training.pictures import Pictures, alike, held_out
from vidstyle.training.schedule import learning_rate
from vidstyle.zoo import Card, load, save

SMALL = BriskSizes(half=4, quarter=8, eighth=8, blocks=1, sixteenth=8, deep=1, trunk=(4, 8, 8, 8, 8), embedding=16)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for i in range(4):
        low = rng.integers(0, 255, (4, 5, 3), np.uint8)
        Image.fromarray(low).resize((90, 70)).save(tmp_path / f"{i}.png")
    (tmp_path / "broken.jpg").write_text("no picture")
    return tmp_path


def test_an_interrupted_run_resumes_as_if_never_interrupted_and_ends_as_a_model(
    pictures: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pytest.importorskip("lightning_fabric")
    pytest.importorskip("tensorboard")
    from vidstyle.training import train

    torch.manual_seed(0)
    first = Brisk(SMALL)
    start = tmp_path_factory.mktemp("start") / "small.safetensors"
    before = {"samples": 1000, "hours": 2.0}
    save(first, Card(name="small", architecture="brisk", quality=before), start, torch.float32)
    recipe = load_recipe(
        "brisk",
        start_from=str(start),
        steps=40,
        identity_steps=10,
        warmup=5,
        batch=4,
        crop=32,
        large_crop=64,
        side=64,
        holdout=1,
        optimizer="muon",
        abstract=0.4,
    )

    notes: list[str] = []

    def run(output: Path, on_progress: Callable[[dict[str, Any]], None] | None = None) -> tuple[Path, dict[str, Any]]:
        return train(
            recipe,
            pictures,
            pictures,
            "glance",
            output,
            device="cpu",
            data="noise",
            licence="CC0-1.0",
            on_progress=on_progress,
            note=notes.append,
        )

    def interrupt(event: dict[str, Any]) -> None:
        if event["step"] == 20:
            raise KeyboardInterrupt

    path, report = run(tmp_path_factory.mktemp("whole"))
    assert report["steps"] == 40
    broken, few = notes[:2], notes[2:]
    assert [str(pictures / "broken.jpg") in line for line in broken] == [True, True]  # among photos and paintings
    assert ["3; give some hundreds" in few[0], "4; give some hundreds" in few[1], len(few)] == [True, True, 2]
    whole = load(path).net.state_dict()
    assert any(not torch.allclose(value, whole[name], atol=1e-2) for name, value in first.state_dict().items())

    output = tmp_path_factory.mktemp("interrupted")
    with pytest.raises(KeyboardInterrupt):
        run(output, interrupt)
    halfway = load(output / "brisk.safetensors")
    assert halfway.card.quality["samples"] == 1000 + 13 * 4 + 7  # every third step sees one large crop
    seen: list[int] = []
    path, report = run(output, lambda event: seen.append(event["step"]))
    assert seen == [40]  # went on after step 20
    model = load(path)
    torch.testing.assert_close(model.net.state_dict(), whole, atol=1e-4, rtol=1e-3)  # float16 in the files
    assert any(not torch.equal(value, whole[name]) for name, value in halfway.net.state_dict().items())
    assert (model.card.licence, model.card.data, model.card.recipe["steps"]) == ("CC0-1.0", "noise", 40)
    assert model.card.recipe["start_from"].startswith("small ")
    assert (output / "sheet_000040.png").exists()


def test_clips_teach_steadiness(pictures: Path, pan: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    pytest.importorskip("lightning_fabric")
    pytest.importorskip("tensorboard")
    from vidstyle.training import train

    settings = {"steps": 40, "identity_steps": 0, "warmup": 5, "batch": 2, "crop": 32, "large_crop": 0, "side": 48}
    recipe = load_recipe("brisk", **settings, temporal_every=1, clips_every=1, temporal_features=1.0, holdout=1)
    seen: dict[str, Any] = {}
    train(
        recipe,
        pictures,
        pictures,
        "glance",
        tmp_path_factory.mktemp("out"),
        clips=pan.parent,
        device="cpu",
        on_progress=seen.update,
    )
    assert 0 < seen["temporal"] < 1
    assert seen["temporal_features"] > 0

    tiny = {"channels": (4, 4, 4), "blocks": 1, "steps": 4, "batch": 1, "crop": 32, "side": 48, "style_side": 64}
    alone = load_recipe("fast", **tiny, temporal_every=1, temporal_features=1.0, clips_every=1, holdout=1)
    style, out = pictures / "0.png", tmp_path_factory.mktemp("fast")
    seen.clear()
    train(alone, pictures, style, "glance", out, clips=pan.parent, device="cpu", on_progress=seen.update)
    assert 0 < seen["temporal"] < 1
    assert seen["temporal_features"] > 0
    assert load(out / "0.safetensors").card.data.endswith("1 shots of clips")
    with pytest.raises(OptionError, match="--clips"):
        train(
            replace(alone, temporal=0.0, temporal_features=0.0),
            pictures,
            style,
            "glance",
            out,
            clips=pan.parent,
            device="cpu",
        )


def test_a_damaged_checkpoint_is_named(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    pytest.importorskip("lightning_fabric")
    pytest.importorskip("tensorboard")
    from vidstyle.training import CHECKPOINT, train

    output = tmp_path_factory.mktemp("out")
    (output / CHECKPOINT).write_text("no checkpoint")
    recipe = load_recipe("brisk", steps=1, crop=32, large_crop=0, side=64)
    with pytest.raises(ModelError, match="--restart"):
        train(recipe, pictures, pictures, "glance", output, device="cpu")
    with pytest.raises(OutputError, match="--out"):
        train(recipe, pictures, pictures, "glance", output / CHECKPOINT, device="cpu")


def test_a_run_that_loses_its_way_keeps_what_it_had(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    pytest.importorskip("lightning_fabric")
    pytest.importorskip("tensorboard")
    from vidstyle.training import CHECKPOINT, train

    output = tmp_path_factory.mktemp("out")
    style = pictures / "0.png"
    tiny = {"channels": (8, 8, 8), "blocks": 1, "batch": 1, "crop": 32, "side": 64, "style_side": 64, "warmup": 1}
    train(load_recipe("fast", **tiny, steps=10), pictures, style, "glance", output, device="cpu")
    kept = [(output / name).read_bytes() for name in (CHECKPOINT, "0.safetensors")]
    wild = load_recipe("fast", **tiny, steps=400, learning_rate=1e30)
    # At a checkpoint the last loss may still be a number where the weights are none.
    for every in (1, 1000):
        with pytest.raises(InputError, match=r"no number at step .* of step 10 in .* is kept"):
            train(wild, pictures, style, "glance", output, device="cpu", checkpoint_every=every)
        assert [(output / name).read_bytes() for name in (CHECKPOINT, "0.safetensors")] == kept
    with pytest.raises(InputError, match="no checkpoint was kept"):
        train(wild, pictures, style, "glance", tmp_path_factory.mktemp("new"), device="cpu")


@pytest.mark.parametrize(
    "line", ['batch = "4"', "temporal_every = 0", "warmup = 0", "unheard = 1", "steps = 1.5", "= 3", "\xff"]
)
def test_a_wrong_recipe_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(f'architecture = "brisk"\n{line}\n'.encode("latin-1"))
    with pytest.raises(OptionError):
        load_recipe(path)


def test_held_out_photos_are_not_trained_on_and_never_most_of_them() -> None:
    paths = [Path(f"{index:02}.jpg") for index in range(20)]
    training, kept = held_out(paths, 4)
    assert len(kept) == 4
    assert sorted(training + kept) == paths
    assert len(held_out(paths, 40)[1]) == 5


def test_a_picture_is_known_again_scaled_and_coded_anew(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    (tmp_path / "all").mkdir()
    (tmp_path / "aside").mkdir()
    for i in range(12):
        image = Image.fromarray(rng.integers(0, 255, (5, 6, 3), np.uint8)).resize((300, 250), Image.Resampling.BICUBIC)
        image.save(tmp_path / "all" / f"{i:02}.png")
        if i in (3, 7):
            image.resize((140, 117)).save(tmp_path / "aside" / f"copy{i}.jpg", quality=60)
    pictures, aside = (Pictures(list_pictures(tmp_path / name), 64, "cpu") for name in ("all", "aside"))
    assert alike(pictures.pixels, aside.pixels).nonzero().flatten().tolist() == [3, 7]
    assert pictures.leave_out(aside) == 2
    assert len(pictures) == 10


def test_the_rate_warms_up_and_anneals() -> None:
    recipe = load_recipe("brisk", learning_rate=1.0, warmup=10, final_rate=0.1)
    assert learning_rate(recipe, 0, 0.0) == pytest.approx(0.1)
    assert learning_rate(recipe, 500, 0.5) == pytest.approx(0.55)
    assert learning_rate(recipe, 999, 1.0) == pytest.approx(0.1)


def test_bad_recipes_and_folders_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"mean brisk\?"):
        load_recipe("brsk")
    with pytest.raises(OptionError, match=r"known: .*brisk"):
        load_recipe("zzz")
    (tmp_path / "mine.toml").write_text("stps = 3")
    with pytest.raises(OptionError, match="stps"):
        load_recipe(tmp_path / "mine.toml")
    with pytest.raises(InputError, match="holds no pictures"):
        list_pictures(tmp_path)


def test_a_distilled_encoder_comes_to_see_as_its_teacher(
    pictures: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pytest.importorskip("lightning_fabric")
    pytest.importorskip("tensorboard")
    from vidstyle.training import train

    tiny = {"channels": (8, 8, 8, 8, 8), "steps": 100, "batch": 2, "crop": 32, "side": 64, "holdout": 1}
    recipe = load_recipe("glance", **tiny, warmup=5, learning_rate=1e-2)
    path, _ = train(recipe, pictures, pictures, GLANCE, tmp_path_factory.mktemp("out"), device="cpu")
    paths = [path for path in list_pictures(pictures) if path.suffix == ".png"]
    squares = torch.stack([torch.from_numpy(load_square(path, 64)) for path in paths]).permute(0, 3, 1, 2) / 255
    teacher = load_glance()(squares)

    def error(net: VGG) -> float:
        seen = net(squares)
        assert {tap: value.shape for tap, value in seen.items()} == {tap: value.shape for tap, value in teacher.items()}
        squared = {
            tap: (seen[tap] - wanted).square().mean() / wanted.square().mean() for tap, wanted in teacher.items()
        }
        return sum(value.item() for value in squared.values())

    assert error(VGG.from_state_dict(load_file(path))) < 0.7 * error(untrained_encoder(recipe.channels))


def test_one_style_becomes_a_network_that_needs_none(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    pytest.importorskip("lightning_fabric")
    pytest.importorskip("tensorboard")
    from vidstyle.training import train

    style = tmp_path_factory.mktemp("style") / "stripes.png"
    Image.fromarray(np.tile(np.array([[[250, 20, 20]] * 4 + [[20, 20, 250]] * 4], np.uint8), (64, 8, 1))).save(style)
    tiny = {"channels": (8, 8, 8), "blocks": 1, "steps": 160, "batch": 2, "crop": 32, "side": 64, "style_side": 64}
    recipe = load_recipe("fast", **tiny, warmup=5, learning_rate=1e-2, holdout=1)
    seen: list[dict[str, Any]] = []
    path, _ = train(recipe, pictures, style, "glance", tmp_path_factory.mktemp("out"), on_progress=seen.append)
    assert path.name == "stripes.safetensors"
    assert seen[-1]["gram"] < 0.7 * seen[0]["gram"]
    painter = Stylizer(path, device="cpu")
    assert painter.fixed_style
    photo = torch.from_numpy(load_square(pictures / "0.png", 64)).permute(2, 0, 1)[None] / 255
    painted = painter(photo, painter.encode_style(None))
    red, green, blue = painted.mean((0, 2, 3)).tolist()
    assert green < min(red, blue)
