"""Channels that do nothing are what is taken out."""

import pytest
import torch
from torch import nn

from vidstyle.errors import OptionError
from vidstyle.nets.atelier import Atelier, AtelierSizes
from vidstyle.nets.attention import SelfAttention
from vidstyle.nets.brisk import Brisk, BriskSizes
from vidstyle.nets.conditioned import ConditionedNet
from vidstyle.training.pruning import narrowed

TRUNK = (4, 8, 8, 8, 8)
NETS = {
    "brisk": lambda: Brisk(BriskSizes(16, 16, 32, 1, 16, 2, TRUNK, 16)),
    "attentive": lambda: Brisk(BriskSizes(16, 16, 32, 1, 16, 2, TRUNK, 16, attend=1)),
    "atelier": lambda: Atelier(AtelierSizes(16, 16, 16, 32, 1, 2, TRUNK, 16)),
}


@pytest.mark.parametrize("name", NETS)
@torch.no_grad()
def test_dead_channels_go_and_the_painting_stays(name: str) -> None:
    torch.manual_seed(0)
    net: ConditionedNet = NETS[name]().eval()
    nn.init.normal_(net.style_encoder.predict.weight, std=0.1)
    for layer in net.modules():
        if isinstance(layer, SelfAttention):
            nn.init.ones_(layer.share)
    # Every second channel of every size: nothing makes it, nothing uses it.
    for layer in net.transformer.modules():
        if isinstance(layer, nn.Conv2d):
            if layer.in_channels > 3:
                layer.weight[:, ::2] = 0
            if layer.out_channels > 12:  # what makes no pixels
                layer.weight[::2] = 0
                assert layer.bias is not None
                layer.bias[::2] = 0
    small = narrowed(net, 0.5)
    assert (small.sizes.half, small.sizes.quarter, small.sizes.eighth) == (8, 8, 16)
    frames, code = torch.rand(1, 3, 64, 48), torch.rand(1, 3, 64, 64)
    whole = net(frames, net.encode_style(code))
    torch.testing.assert_close(small(frames, small.encode_style(code)), whole, atol=1e-5, rtol=0)


def test_shares_that_make_no_sense_are_named() -> None:
    net = NETS["brisk"]()
    for share in (0.0, 1.0, 0.99):
        with pytest.raises(OptionError, match="share"):
            narrowed(net, share)
