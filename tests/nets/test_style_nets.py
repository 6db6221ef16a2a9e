"""What every published net does alike: any size, any batch, styles that mix."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from vidstyle.nets.adain import DECODER, AdaIN
from vidstyle.nets.cyclegan import CycleGAN
from vidstyle.nets.microast import MicroAST
from vidstyle.nets.pix2pix import Pix2Pix
from vidstyle.nets.protocol import StyleNet, mix
from vidstyle.nets.transformer_net import TransformerNet
from vidstyle.nets.unet import UNet
from vidstyle.nets.vgg import LAYERS, VGG


def small_adain() -> AdaIN:
    layers = LAYERS[: LAYERS.index("4_1") + 1]
    encoder = VGG({layer: (3 if layer == "1_1" else 8, 8, None) for layer in layers})
    return AdaIN(encoder, {at: (8, 3 if at == 28 else 8) for at in DECODER})


ARBITRARY = {"adain": small_adain, "microast": lambda: MicroAST(4, 8, 8)}
FIXED = {
    "transformer_net": lambda: TransformerNet(4, 8, 8, 2),
    "cyclegan": lambda: CycleGAN(4, 2),
    "cyclegan_resized": lambda: CycleGAN(4, 2, resize=True),
    "unet": lambda: UNet(4, 3),
    "pix2pix": lambda: Pix2Pix(4, 5),
}


@pytest.fixture(params=ARBITRARY | FIXED)
def net(request) -> StyleNet:
    torch.manual_seed(0)
    net = (ARBITRARY | FIXED)[request.param]().eval()
    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.kaiming_normal_(module.weight)  # the default loses the signal on the way through so thin a net
    return net


def code_of(net: StyleNet, size: tuple[int, int] = (40, 24)):
    return net.encode_style(None if net.fixed_style else torch.rand(1, 3, *size))


@pytest.mark.parametrize("size", [(16, 16), (17, 16), (16, 31), (33, 50), (8, 8)])
@torch.no_grad()
def test_any_size(net, size):
    frames = torch.rand(2, 3, *size)
    output = net(frames, code_of(net, size))
    assert output.shape == frames.shape
    assert output.isfinite().all()


@torch.no_grad()
def test_a_frame_does_not_see_its_batch(net):
    frames, code = torch.rand(3, 3, 24, 32), code_of(net)
    torch.testing.assert_close(net(frames, code)[1:2], net(frames[1:2], code), atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_code_broadcasts_and_has_one_row(net):
    assert all(tensor.shape[0] == 1 for tensor in code_of(net))
    assert net.fixed_style == (code_of(net) == ())


@pytest.mark.parametrize("net", ARBITRARY, indirect=True)
@torch.no_grad()
def test_mixing(net):
    one, two, frames = code_of(net), code_of(net), torch.rand(1, 3, 24, 24)
    assert all(torch.equal(a, b) for a, b in zip(mix([one, two], [1.0, 0.0]), one, strict=True))
    torch.testing.assert_close(net(frames, mix([one, one], [0.3, 0.7])), net(frames, one), atol=1e-5, rtol=1e-4)
    assert not torch.allclose(net(frames, mix([one, two], [0.5, 0.5])), net(frames, one))
    with pytest.raises(ValueError, match="2 codes and 1 weights"):
        mix([one, two], [1.0])


@pytest.mark.parametrize("net", FIXED, indirect=True)
@torch.no_grad()
def test_strength_of_a_fixed_style_blends_with_the_content(net):
    frames = torch.rand(1, 3, 20, 20)
    full = net(frames, ())
    assert torch.equal(net(frames, (), 0.0), frames)
    torch.testing.assert_close(net(frames, (), 0.25), 0.25 * full + 0.75 * frames)


@pytest.mark.parametrize("net", ARBITRARY, indirect=True)
def test_a_style_image_is_needed(net):
    with pytest.raises(ValueError, match="needs a style image"):
        net.encode_style()
