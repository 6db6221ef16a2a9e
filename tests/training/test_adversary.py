"""Critics on domains that are easily told apart, and a painter that must convince them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from vidstyle.errors import ModelError, OptionError
from vidstyle.nets.attention import PARTS, SelfAttention
from vidstyle.nets.brisk import Brisk, BriskSizes
from vidstyle.training import PainterRecipe, load_recipe
from vidstyle.zoo import load


def test_attention_takes_from_all_places_what_is_alike() -> None:
    """Against the equation, written out."""
    torch.manual_seed(0)
    layer, x = SelfAttention(16), torch.randn(1, 16, 4, 6)
    torch.testing.assert_close(layer(x), x)  # untrained it gives nothing
    torch.nn.init.ones_(layer.share)
    query, key, value = layer.into(x).split(PARTS, dim=1)
    key, value = F.max_pool2d(key, 2), F.max_pool2d(value, 2)
    weights = torch.einsum("ncp,ncq->npq", query.flatten(2), key.flatten(2)) / PARTS[0] ** 0.5
    found = torch.einsum("npq,ncq->ncp", weights.softmax(-1), value.flatten(2)).unflatten(2, (4, 6))
    torch.testing.assert_close(layer(x), x + layer.out(found), atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_a_net_with_attention_is_told_by_its_tensors() -> None:
    sizes = BriskSizes(4, 8, 8, 1, 8, 1, (4, 8, 8, 8, 8), 16, attend=2)
    net = Brisk(sizes).eval()
    again = Brisk.from_state_dict(net.state_dict())
    assert again.sizes == sizes
    plain = Brisk(BriskSizes(4, 8, 8, 1, 8, 1, (4, 8, 8, 8, 8), 16))
    assert Brisk.from_state_dict(plain.state_dict()).sizes.attend == 0


def test_critics_learn_to_tell_two_domains_with_an_even_slope() -> None:
    fabric = pytest.importorskip("lightning_fabric").Fabric(accelerator="cpu", devices=1)
    from vidstyle.training.adversary import Adversary

    torch.manual_seed(0)
    adversary = Adversary(fabric, width=8, sizes=2, rate=1e-3, penalty=10.0)

    def pictures() -> tuple[torch.Tensor, torch.Tensor]:
        """Stripes across, and stripes down."""
        stripes = (torch.arange(32) % 4 < 2).float().expand(4, 3, 32, 32) + 0.1 * torch.rand(4, 3, 32, 32)
        return stripes, stripes.transpose(2, 3)

    gaps = [adversary.learn(*pictures()) for _ in range(60)]
    assert abs(gaps[0]) < 0.2 < 0.5 < gaps[-1]
    real, painted = pictures()
    assert adversary.unconvinced(painted) > adversary.unconvinced(real)
    # Between the two the slope is held near 1, so the gap is about their distance and does not run away.
    between = real.lerp(painted, 0.5).requires_grad_()
    (slope,) = torch.autograd.grad(adversary.critics(between).sum(), between)
    assert 0.3 < slope.flatten(1).norm(dim=1).mean() < 1.7
    # The painter learns, the critics do not, from `unconvinced`.
    picture = painted.clone().requires_grad_()
    adversary.unconvinced(picture).backward()
    assert picture.grad is not None
    assert all(weight.requires_grad for weight in adversary.critics.parameters())


def test_a_run_with_critics_attention_and_growing_crops(tmp_path: Path) -> None:
    for needed in ("lightning_fabric", "tensorboard"):
        pytest.importorskip(needed)
    from vidstyle.training import train

    rng = np.random.default_rng(0)
    (tmp_path / "pictures").mkdir()
    for i in range(4):
        Image.fromarray(rng.integers(0, 255, (4, 5, 3), np.uint8)).resize((90, 70)).save(tmp_path / f"pictures/{i}.png")
    settings: dict[str, object] = {
        "steps": 40,
        "identity_steps": 2,
        "learning_rate": 3e-3,
        "batch": 2,
        "crop": 64,
        "large_crop": 0,
        "side": 64,
    }
    settings |= {"warmup": 2, "holdout": 1, "abstract": 0.0, "adversarial": 0.1, "critic": 4, "critic_sizes": 2}
    recipe = load_recipe("brisk", attend=1, grow=0.5, **settings)
    told: list[dict[str, float]] = []
    where = tmp_path / "pictures"
    path, report = train(recipe, where, where, "glance", tmp_path / "run", device="cpu", on_progress=told.append)
    assert [event["step"] for event in told] == [20, 40]
    assert told[1]["style"] < 0.8 * told[0]["style"]
    net = load(path).net
    assert isinstance(net, Brisk)
    assert net.sizes.attend == 1
    assert report["steps"] == 40
    # The critics are in the checkpoint: a run without them does not fit it, one with them goes on.
    with pytest.raises(ModelError, match="does not fit"):
        train(replace(recipe, critic=8), where, where, "glance", tmp_path / "run", device="cpu")
    again = load_recipe("brisk", attend=1, grow=0.5, **(settings | {"steps": 42}))
    _, report = train(again, where, where, "glance", tmp_path / "run", device="cpu")
    assert report["steps"] == 42


def test_recipes_that_cannot_work_are_named() -> None:
    with pytest.raises(OptionError, match="critic_sizes"):
        PainterRecipe("brisk", adversarial=1.0, crop=32)
    with pytest.raises(OptionError, match="grow"):
        PainterRecipe("brisk", grow=2.0)
