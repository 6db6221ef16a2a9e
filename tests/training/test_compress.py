"""A tiny model made smaller, from end to end."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from vidstyle.errors import InputError, OptionError
from vidstyle.evaluation.forms import judge_forms
from vidstyle.evaluation.pictures import Picture
from vidstyle.nets.brisk import Brisk, BriskSizes
from vidstyle.nets.conditioned import ConditionedNet
from vidstyle.nets.cyclegan import CycleGAN
from vidstyle.nets.magenta import Magenta
from vidstyle.nets.transformer_net import TransformerNet
from vidstyle.perception import load_perceptual
from vidstyle.pictures import load_square
from vidstyle.stylizers import StyleCode, Stylizer
from vidstyle.stylizers.export import export
from vidstyle.training import load_recipe, train
from vidstyle.training.compress import compress
from vidstyle.training.pruning import narrowed
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


ONE_STYLE = {
    "transposed": lambda: CycleGAN((8, 16, 24), 2),
    "resized, with scales": lambda: CycleGAN((8, 16, 24), 2, resize=True, affine=True),
    "with dropout": lambda: CycleGAN((8, 16, 24), 2, dropout=True),
    "transformer_net": lambda: TransformerNet(8, 16, 24, 2),
}


@pytest.mark.parametrize("kind", ONE_STYLE)
def test_channels_that_do_nothing_are_taken_out_and_the_painting_stays(kind: str) -> None:
    torch.manual_seed(0)
    net = ONE_STYLE[kind]().eval()
    # Of the half size 9 … 16, of the quarter 0, 3, 6 …: 8 and 16 are left.
    idle = {16: torch.arange(8, 16), 24: torch.arange(0, 24, 3)}
    with torch.no_grad():
        for name, tensor in net.named_parameters():
            if name.endswith("bias"):
                tensor.normal_(std=0.1)
            for axis in range(min(2, tensor.ndim)):
                if tensor.shape[axis] in idle:
                    tensor.index_fill_(axis, idle[tensor.shape[axis]], 0.0)
    smaller = narrowed(net, 0.6)
    assert type(smaller) is type(net)
    shapes = [tuple(tensor.shape) for tensor in net.parameters()]
    fewer = {16: 8, 24: 16}
    # Kernels' own sides are 3, 7 and 9, and pixels have 3 channels: no width is any of these.
    wanted = [tuple(fewer.get(side, side) for side in shape) for shape in shapes]
    assert [tuple(tensor.shape) for tensor in smaller.parameters()] == wanted
    frames = torch.rand(1, 3, 37, 50)
    with torch.no_grad():
        assert torch.allclose(smaller(frames), net(frames), atol=1e-5)


def test_distilling_brings_a_narrow_net_nearer_to_its_teacher(pictures: Path, tmp_path: Path) -> None:
    for needed in ("lightning_fabric", "tensorboard"):
        pytest.importorskip(needed)
    torch.manual_seed(0)
    teacher = TransformerNet(16, 16, 16, 1)
    with torch.no_grad():  # of many colours, as the paintings of a trained net
        teacher.deconv3.conv2d.weight.mul_(60)
        teacher.deconv3.conv2d.bias.fill_(127)
    files = {"wide": teacher, "narrow": narrowed(teacher, 0.5)}
    for name, net in files.items():
        save(net, Card(name=name, architecture="transformer_net"), tmp_path / f"{name}.safetensors")
    places = {"start_from": str(tmp_path / "narrow.safetensors"), "taught_by": str(tmp_path / "wide.safetensors")}
    recipe = load_recipe("distil", architecture="transformer_net", steps=80, crop=64, learning_rate=3e-3, **places)
    path, report = train(recipe, pictures, pictures, "glance", tmp_path / "run", device="cpu")
    frames = torch.from_numpy(load_square(pictures / "0.png", 64)).permute(2, 0, 1)[None] / 255
    with torch.no_grad():
        wanted = load(tmp_path / "wide.safetensors").net(frames, ()).clamp(0, 1)
        apart = [
            (load(file).net(frames, ()).clamp(0, 1) - wanted).abs().mean().item()
            for file in (tmp_path / "narrow.safetensors", path)
        ]
    assert report["steps"] == 80
    assert apart[1] < 0.9 * apart[0]


def test_a_published_generator_is_compressed(pictures: Path, tmp_path: Path) -> None:
    for needed in ("lightning_fabric", "tensorboard", "openvino"):
        pytest.importorskip(needed)
    torch.manual_seed(0)
    given = tmp_path / "wide.pth"  # as published: a pickle without a card
    torch.save(CycleGAN(16, 1).state_dict(), given)
    output = tmp_path / "narrow.safetensors"
    made = compress(given, pictures, None, output, share=0.5, minutes=0.02, device="cpu")
    assert [name for name, _, _ in made.forms] == ["before", "narrowed", "trained on", "int8"]
    contents = [Picture("a", torch.rand(1, 3, 64, 64))]
    del made.forms[1]  # a graph takes seconds to compile
    before, trained, whole = judge_forms(made.forms, contents, [], load_perceptual("glance"), "cpu")
    assert "psnr" not in before.figures
    assert whole.figures["psnr"] == pytest.approx(trained.figures["psnr"], abs=2)
    assert before.parameters > 3 * trained.parameters
    model = load(output)
    assert isinstance(model.net, CycleGAN)
    assert model.net.ranges is not None
    assert model.card.recipe["taught_by"] == "wide.pth"
    # In 8 bits, by the runtime and as a graph for others.
    painter = Stylizer(output, "cpu")
    assert (painter.engine.name, painter.engine.precision) == ("openvino", "int8")
    frames = torch.rand(1, 3, 37, 50)
    exact = Stylizer(output, "cpu", "fp32", "pytorch")(frames, StyleCode(()))
    assert (painter(frames, StyleCode(())) - exact).abs().mean() < 0.03
    assert export(Stylizer(output, "cpu", "fp32", "pytorch"), "openvino", tmp_path / "g.xml", precision="int8")
    # To 8 bits alone: the painting is the same.
    compress(given, pictures, None, tmp_path / "same.safetensors", device="cpu")
    was, now = (
        Stylizer(path, "cpu", "fp32", "pytorch")(frames, StyleCode(()))
        for path in (given, tmp_path / "same.safetensors")
    )
    assert torch.allclose(now, was, atol=2e-3)  # the file's weights are float16


def test_what_cannot_be_compressed_is_named(pictures: Path, tmp_path: Path) -> None:
    save(Magenta((4, 4, 4), 1, 2), Card(name="two", architecture="magenta"), tmp_path / "two.safetensors")
    with pytest.raises(OptionError, match="not compressed"):
        compress(tmp_path / "two.safetensors", pictures, pictures, tmp_path / "out.safetensors")
    save(Brisk(), Card(name="b", architecture="brisk"), tmp_path / "b.safetensors")
    with pytest.raises(OptionError, match="itself"):
        compress(tmp_path / "b.safetensors", pictures, pictures, tmp_path / "b.safetensors")
    with pytest.raises(OptionError, match="safetensors"):
        compress(tmp_path / "b.safetensors", pictures, pictures, tmp_path / "out.pth")
    with pytest.raises(OptionError, match="--paintings"):
        compress(tmp_path / "b.safetensors", pictures, None, tmp_path / "out.safetensors")
    save(TransformerNet(8, 8, 8, 1), Card(name="one", architecture="transformer_net"), tmp_path / "one.safetensors")
    with pytest.raises(OptionError, match="leave --paintings away"):
        compress(tmp_path / "one.safetensors", pictures, pictures, tmp_path / "out.safetensors")
    with pytest.raises(OptionError, match="all channels stay"):
        compress(tmp_path / "one.safetensors", pictures, None, tmp_path / "out.safetensors", share=0.5)
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="holds no pictures"):
        compress(tmp_path / "one.safetensors", tmp_path / "none", None, tmp_path / "out.safetensors")
    (tmp_path / "none" / "text.png").write_text("no picture")
    with pytest.raises(InputError, match="none of the pictures can be read"):
        compress(tmp_path / "one.safetensors", tmp_path / "none", None, tmp_path / "out.safetensors")
