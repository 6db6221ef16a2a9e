"""A generator trained for real on tiny pictures, and its pictures as styles."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

import vidstyle
from vidstyle.errors import ModelError, OptionError
from vidstyle.nets.brisk import Brisk, BriskSizes
from vidstyle.nets.dcgan import DCGAN, Critic, latent, slerp
from vidstyle.pipeline.walk import PER_STEP, Walk, walks
from vidstyle.styles import Imagined, parse_style
from vidstyle.stylizers import Stylizer
from vidstyle.training import load_recipe
from vidstyle.zoo import Card, save
from vidstyle.zoo.generators import imagine, load_generator


def test_slerp_goes_by_the_great_circle() -> None:
    one, other = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 4.0]])
    half = slerp(one, other, 0.5)
    torch.testing.assert_close(half, torch.full((1, 2), 3 / 2**0.5))
    torch.testing.assert_close(slerp(one, other, 1.0), other)
    torch.testing.assert_close(slerp(one, 3 * one, 0.5), 2 * one)


def test_names_of_imagined_styles() -> None:
    assert Imagined.parse("dcgan:7") == Imagined(7, 7)
    assert Imagined.parse("dcgan@a:b.safetensors:3..1") == Imagined(3, 1, "a:b.safetensors")
    assert all(Imagined.parse(name) is None for name in ("dcgan", "dcgan:x", "waves:7", 7, None))
    assert parse_style("dcgan:7") == ("dcgan:7", 1.0)
    for name in ("dcgan:7", "dcgan@F:7", "dcgan@a:b:3..8"):
        assert parse_style(name) == (name, 1.0)
        assert parse_style(f"{name}:0.3") == (name, 0.3)
        assert parse_style(f"{name}:2") == (name, 2.0)
    walk = Imagined(3, 1)
    assert walk.at(0) == (3, 2, 0.0)
    assert walk.at(1.25) == (2, 1, 0.25)
    assert walk.at(9)[::2] == (1, 0.0)


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained on pictures that are blue above and orange below."""
    for needed in ("lightning_fabric", "tensorboard"):
        pytest.importorskip(needed)
    from vidstyle.training import train

    folder = tmp_path_factory.mktemp("dcgan")
    rng = np.random.default_rng(0)
    (folder / "paintings").mkdir()
    for number in range(8):
        picture = np.zeros((40, 40, 3), np.uint8)
        picture[:20], picture[20:] = (40, 80, 220), (230, 140, 30)
        noisy = (picture + rng.integers(-20, 20, picture.shape)).clip(0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(folder / "paintings" / f"{number}.png")
    settings = {"steps": 150, "batch": 8, "crop": 32, "side": 40, "width": 4, "critic": 4, "latent": 8}
    recipe = load_recipe("dcgan", learning_rate=2e-3, average=0.9, style_zoom=0.9, **settings)
    where = folder / "paintings"
    path, report = train(recipe, where, where, "glance", folder / "run", device="cpu")
    assert report["steps"] == 150
    return path


@torch.no_grad()
def test_what_is_imagined_looks_like_what_was_seen(generator: Path) -> None:
    net = load_generator(generator)
    pictures = torch.cat([imagine(net, seed, seed, 0.0) for seed in range(8)])
    assert pictures.shape == (8, 3, 32, 32)
    above, below = pictures[:, :, :12].mean((0, 2, 3)), pictures[:, :, -12:].mean((0, 2, 3))
    found, wanted = torch.stack([above, below]), torch.tensor([[40, 80, 220], [230, 140, 30]]) / 255
    # The squared error of the colours falls to a tenth: an untrained generator paints gray.
    assert F.mse_loss(found, wanted) < 0.1 * F.mse_loss(torch.full_like(wanted, 0.5), wanted)
    assert torch.equal(imagine(net, 3, 3, 0.0), imagine(load_generator(generator), 3, 9, 0.0))


def test_a_walk_passes_its_seeds_and_stays_at_the_last(generator: Path, model: Path) -> None:
    painter = Stylizer(model, device="cpu", runtime="pytorch")
    styles = [(f"dcgan@{generator}:1..2", 1.0)]
    assert walks(styles)
    assert not walks([(f"dcgan@{generator}:1", 1.0), ("waves", 1.0)])
    walk = Walk(painter.encode_style, styles, seconds=2.0)
    ends = [painter.encode_style(f"dcgan@{generator}:{seed}").tensors[0] for seed in (1, 2)]
    torch.testing.assert_close(walk.at(0.0).tensors[0], ends[0])
    torch.testing.assert_close(walk.at(2.0).tensors[0], ends[1])
    torch.testing.assert_close(walk.at(99.0).tensors[0], ends[1])
    step = 2.0 / PER_STEP
    between = walk.at(0.5 * step).tensors[0]
    torch.testing.assert_close(between, (walk.at(0.0).tensors[0] + walk.at(step).tensors[0]) / 2)


def test_a_clip_begins_in_one_style_and_ends_in_another(generator: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    net, model = Brisk(BriskSizes(4, 8, 8, 1, 8, 1, (4, 8, 8, 8, 8), 16)), tmp_path / "keen.safetensors"
    torch.nn.init.normal_(net.style_encoder.predict.weight, std=30)  # small differences of styles are to be seen
    save(net, Card(name="keen", architecture="brisk"), model)
    clip = tmp_path / "in.mkv"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("ffv1", rate=Fraction(10))
        stream.width, stream.height, stream.pix_fmt = 48, 32, "bgr0"
        picture = np.random.default_rng(0).integers(0, 255, (32, 48, 3), np.uint8)
        for _ in range(11):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())

    def painted(style: str) -> list[np.ndarray]:
        out = tmp_path / "out.mkv"
        vidstyle.stylize(
            clip,
            style,
            out,
            model=str(model),
            temporal="off",
            walk=0.5,
            codec="ffv1",
            pix_fmt="bgr0",
            runtime="pytorch",
        )
        with av.open(str(out)) as container:
            return [frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)]

    # A generator of some seconds' training tells few seeds apart.
    imagined = load_generator(generator)
    seen = torch.cat([imagine(imagined, seed, seed, 0.0) for seed in range(12)])
    one = int(seen.diff(dim=0).abs().mean((1, 2, 3)).argmax())
    walk, first, last = (painted(f"dcgan@{generator}:{seeds}") for seeds in (f"{one}..{one + 1}", one, one + 1))
    assert np.abs(walk[0] - first[0]).max() <= 1
    assert np.abs(walk[-1] - last[-1]).max() <= 1
    assert np.abs(walk[0] - walk[-1]).mean() > np.abs(walk[0] - walk[1]).mean() > 0


def test_what_is_no_generator_is_named(model: Path) -> None:
    with pytest.raises(ModelError, match="no generator"):
        load_generator(model)
    with pytest.raises(ModelError, match="vidstyle train dcgan"):
        load_generator("nowhere.safetensors")
    with pytest.raises(OptionError, match="crop"):
        load_recipe("dcgan", crop=48)


def test_sizes_fit_each_other() -> None:
    assert Critic(4, 3)(DCGAN(8, 4, 3)(torch.randn(2, 8))).shape == (2,)
    net = DCGAN(8, 4, 3).eval()
    again = DCGAN.from_state_dict(net.state_dict())
    z = latent(5, 8)
    torch.testing.assert_close(again(z), net(z))
