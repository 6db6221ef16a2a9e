"""The VGG trunk against a plain nn.Sequential, and against the relation between two published sets of weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from vidstyle.nets.vgg import VGG

TEACHERS = Path(__file__).parents[2].parent / "shared" / "teachers"
BLOCKS = (2, 2, 4, 4, 4)


@pytest.fixture
def teacher():
    if not TEACHERS.exists():
        pytest.skip("needs ../shared/teachers")
    return lambda name: load_file(TEACHERS / f"{name}.safetensors")


def reference(padded: bool) -> tuple[nn.Sequential, dict[str, int]]:
    """A thin VGG-19 in one of the two published orders, and the position of every ReLU."""
    torch.manual_seed(0)
    layers: list[nn.Module] = [nn.Conv2d(3, 3, 1)] if padded else []
    relus, channels = {}, 3
    for block, depth in enumerate(BLOCKS, 1):
        for i in range(1, depth + 1):
            width = 4 * block
            if padded:
                layers += [nn.ReflectionPad2d(1), nn.Conv2d(channels, width, 3), nn.ReLU()]
            else:
                layers += [nn.Conv2d(channels, width, 3, padding=1, padding_mode="reflect"), nn.ReLU()]
            relus[f"relu{block}_{i}"] = len(layers)
            channels = width
        layers.append(nn.MaxPool2d(2, ceil_mode=True))
    return nn.Sequential(*layers), relus


@pytest.mark.parametrize("padded", [True, False])
@torch.no_grad()
def test_published_numberings(padded):
    net, relus = reference(padded)
    x = torch.rand(2, 3, 50, 37)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])  # torchvision's
    state = net.state_dict() if padded else {f"features.{key}": value for key, value in net.state_dict().items()}
    vgg = VGG.from_state_dict(state)
    features = vgg(x, taps=relus)
    seen = x if padded else (x - mean[:, None, None]) / std[:, None, None]
    for tap, end in relus.items():
        torch.testing.assert_close(features[tap], net[:end](seen), atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_depth_and_taps():
    net, _ = reference(True)
    vgg = VGG.from_state_dict(net.state_dict(), upto="relu4_1")
    assert vgg.taps == ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
    x = torch.rand(1, 3, 16, 16)
    assert tuple(vgg(x)) == vgg.taps
    assert tuple(vgg(x, upto="relu2_2")) == ("relu1_1", "relu2_1")
    assert {tap: f.shape for tap, f in vgg(x, taps=("relu3_4",)).items()} == {"relu3_4": (1, 12, 4, 4)}
    with pytest.raises(ValueError, match="relu5_1"):
        vgg(x, upto="relu5_1")
    with pytest.raises(ValueError, match="relu5_1"):
        VGG.from_state_dict(vgg.state_dict(), upto="relu5_1")
    with pytest.raises(ValueError, match="not VGG-19"):
        VGG.from_state_dict({"w": torch.ones(1)})


@torch.no_grad()
def test_normalised_and_original_weights_differ_by_a_scale_per_channel(teacher):
    exact = VGG.from_state_dict(teacher("vgg19_normalised_relu3_1"))
    original = VGG.from_state_dict(teacher("vgg19_imagenet_conv3_4"))
    x = torch.rand(1, 3, 45, 64, generator=torch.Generator().manual_seed(0))
    ours, theirs = exact(x), original(x)
    assert tuple(ours) == ("relu1_1", "relu2_1", "relu3_1") == tuple(theirs)
    for tap, features in ours.items():
        scale = theirs[tap].mean((2, 3), keepdim=True) / features.mean((2, 3), keepdim=True).clamp_min(1e-9)
        torch.testing.assert_close(features * scale, theirs[tap], rtol=1e-3, atol=1e-4 * theirs[tap].max().item())


@torch.no_grad()
def test_distilled_weights_lift_to_the_widths_of_the_exact_net(teacher):
    thin = VGG.from_state_dict(teacher("vgg19_distilled16x_relu5_1"))
    features = thin(torch.rand(1, 3, 33, 48))
    assert [f.shape[1:] for f in features.values()] == [
        (64, 33, 48),
        (128, 17, 24),
        (256, 9, 12),
        (512, 5, 6),
        (512, 3, 3),
    ]
    assert all((f >= 0).all() for f in features.values())
