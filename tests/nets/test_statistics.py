"""A part of a frame, painted with the statistics of the whole, is what it is in the whole painting."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from vidstyle.nets.adain import DECODER, AdaIN
from vidstyle.nets.attention import SelfAttention
from vidstyle.nets.brisk import Brisk, BriskSizes
from vidstyle.nets.cyclegan import CycleGAN
from vidstyle.nets.magenta import Magenta
from vidstyle.nets.microast import MicroAST
from vidstyle.nets.pix2pix import Pix2Pix
from vidstyle.nets.protocol import StyleNet
from vidstyle.nets.statistics import Statistics
from vidstyle.nets.transformer_net import TransformerNet
from vidstyle.nets.unet import UNet
from vidstyle.nets.vgg import LAYERS, VGG
from vidstyle.nets.wct import coloured, moments


def small_adain() -> AdaIN:
    layers = LAYERS[: LAYERS.index("4_1") + 1]
    encoder = VGG({layer: (3 if layer == "1_1" else 8, 8, None) for layer in layers})
    return AdaIN(encoder, {at: (8, 3 if at == 28 else 8) for at in DECODER})


class Whitened(nn.Module):
    """The one part of WCT that sees the whole frame."""

    def forward(self, frames: torch.Tensor, code: tuple[torch.Tensor, ...]) -> torch.Tensor:
        return coloured(frames, *code)


NETS = {
    "adain": small_adain,
    "microast": lambda: MicroAST(4, 8, 8),
    "transformer_net": lambda: TransformerNet(4, 8, 8, 2),
    "cyclegan": lambda: CycleGAN(4, 2),
    "unet": lambda: UNet(4, 3),
    "pix2pix": lambda: Pix2Pix(4, 5),
    "magenta": lambda: Magenta((4, 6, 8), 2, 3),
    "brisk": lambda: Brisk(BriskSizes(4, 8, 8, 1, 8, 1, (4, 8, 8, 8, 8), 16)),
    "attentive": lambda: Brisk(BriskSizes(4, 8, 8, 1, 8, 1, (4, 8, 8, 8, 8), 16, attend=1)),
    "whitened": Whitened,
}


@pytest.mark.parametrize("name", NETS)
@torch.no_grad()
def test_a_part_is_painted_as_in_the_whole(name: str) -> None:
    torch.manual_seed(0)
    net = NETS[name]().eval()
    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.kaiming_normal_(module.weight)
        if isinstance(module, SelfAttention):
            nn.init.ones_(module.share)
    # Bright at the left, dark at the right: a part's own statistics are others.
    frame = torch.rand(1, 3, 32, 768) * torch.linspace(1, 0, 768)
    part = frame[..., :512]
    if isinstance(net, StyleNet):
        numbered = net.styles > 0
        code = net.numbered(1) if numbered else net.encode_style(None if net.fixed_style else torch.rand(1, 3, 48, 48))
    else:
        code = moments(torch.rand(1, 3, 48, 48))
    whole, alone = net(frame, code), net(part, code)
    statistics = Statistics()
    with statistics.used():
        torch.testing.assert_close(net(frame, code), whole, atol=1e-4, rtol=1e-4)
    with statistics.used():
        painted = net(part, code)
    seen = (..., slice(0, 256))  # further right the border of the part shows
    torch.testing.assert_close(painted[seen], whole[seen], atol=1e-3, rtol=1e-3)
    assert (alone[seen] - whole[seen]).abs().mean() > 10 * (painted[seen] - whole[seen]).abs().mean()
