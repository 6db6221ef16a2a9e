"""A tiny model made smaller, from end to end."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from vidstyle.errors import OptionError
from vidstyle.evaluation.forms import judge_forms
from vidstyle.evaluation.pictures import Picture
from vidstyle.nets.brisk import Brisk, BriskSizes
from vidstyle.nets.conditioned import ConditionedNet
from vidstyle.nets.magenta import Magenta
from vidstyle.perception import load_perceptual
from vidstyle.training.compress import compress
from vidstyle.zoo import Card, load, save


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(5):
        low = rng.integers(0, 255, (4, 5, 3), np.uint8)
        Image.fromarray(low).resize((300, 290)).save(folder / f"{i}.png")
    return folder


def test_a_model_becomes_narrow_and_whole_numbered(pictures: Path, tmp_path: Path) -> None:
    for needed in ("lightning_fabric", "tensorboard", "openvino"):
        pytest.importorskip(needed)
    torch.manual_seed(0)
    sizes = BriskSizes(half=8, quarter=8, eighth=16, blocks=1, sixteenth=16, deep=1, trunk=(4, 8, 8, 8, 8), embedding=8)
    save(Brisk(sizes), Card(name="small", architecture="brisk"), tmp_path / "small.safetensors")
    told: list[float] = []
    made = compress(
        tmp_path / "small.safetensors",
        pictures,
        pictures,
        tmp_path / "half.safetensors",
        share=0.5,
        minutes=0.02,
        device="cpu",
        on_progress=lambda event: told.append(event["progress"]),
    )
    names = [name for name, _, _ in made.forms]
    assert names == ["before", "narrowed", "trained on", "int8"]
    assert told == sorted(told)
    picture = torch.rand(1, 3, 64, 64)
    judged = judge_forms(
        made.forms, [Picture("a", picture)], [Picture("b", picture.flip(2))], load_perceptual("glance"), "cpu"
    )
    assert [form.name for form in judged] == names
    assert judged[0].parameters > judged[1].parameters == judged[2].parameters
    assert judged[0].bytes > judged[2].bytes
    assert judged[2].figures["style"] == pytest.approx(judged[3].figures["style"], rel=0.1)
    model = load(tmp_path / "half.safetensors")
    assert isinstance(model.net, ConditionedNet)
    assert (model.card.name, model.net.sizes.eighth, model.net.sizes.half) == ("half", 8, 8)
    assert model.net.ranges is not None
    # To 8 bits alone: the weights stay.
    compress(tmp_path / "small.safetensors", pictures, pictures, tmp_path / "same.safetensors", device="cpu")
    before, after = (load(tmp_path / name).net.state_dict() for name in ("small.safetensors", "same.safetensors"))
    assert after.keys() - before.keys() == {"ranges"}
    assert all(torch.equal(tensor, after[key]) for key, tensor in before.items())


def test_what_cannot_be_compressed_is_named(pictures: Path, tmp_path: Path) -> None:
    save(Magenta((4, 4, 4), 1, 2), Card(name="two", architecture="magenta"), tmp_path / "two.safetensors")
    with pytest.raises(OptionError, match="own nets"):
        compress(tmp_path / "two.safetensors", pictures, pictures, tmp_path / "out.safetensors")
    save(Brisk(), Card(name="b", architecture="brisk"), tmp_path / "b.safetensors")
    with pytest.raises(OptionError, match="itself"):
        compress(tmp_path / "b.safetensors", pictures, pictures, tmp_path / "b.safetensors")
    with pytest.raises(OptionError, match="safetensors"):
        compress(tmp_path / "b.safetensors", pictures, pictures, tmp_path / "out.pth")
