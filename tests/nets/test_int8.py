"""Roundings against whole-number arithmetic in NumPy, and what they cost a net."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from vidstyle.nets.brisk import Brisk, BriskSizes
from vidstyle.nets.int8 import Rounded, calibrate, rounded
from vidstyle.zoo import Card, load, save

SMALL = BriskSizes(half=8, quarter=8, eighth=12, blocks=1, sixteenth=16, deep=1, trunk=(4, 8, 8, 8, 8), embedding=16)


def pairs(count: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    torch.manual_seed(1)
    return [(torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 64)) for _ in range(count)]


def test_a_rounded_convolution_is_one_of_whole_numbers() -> None:
    torch.manual_seed(0)
    conv, lowest, highest = nn.Conv2d(3, 4, 1), -0.5, 1.5
    x = torch.rand(1, 3, 8, 8) * 2 - 0.5
    found = Rounded(conv, lowest, highest)(x).detach().numpy()

    step = (highest - lowest) / 255
    zero = round(-lowest / step)
    inputs = np.clip(np.rint(x.numpy() / step).astype(int) + zero, 0, 255)
    weights = conv.weight.detach().numpy()[:, :, 0, 0]
    steps = np.abs(weights).max(axis=1) / 63
    whole = np.rint(weights / steps[:, None]).astype(int)
    assert np.abs(whole).max() == 63
    # Sums of two products fit 16 bits.
    assert 2 * 63 * 255 < 2**15
    sums = np.einsum("oi,nihw->nohw", whole, inputs - zero)
    expected = sums * (step * steps)[:, None, None] + conv.bias.detach().numpy()[:, None, None]
    np.testing.assert_allclose(found, expected, atol=1e-5)


@torch.no_grad()
def test_a_rounded_net_paints_nearly_the_same(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = Brisk(SMALL).eval()
    with pytest.raises(ValueError, match="not calibrated"):
        rounded(net)
    calibrate(net, pairs(8))
    copy = rounded(net)
    layers = [module for module in net.transformer.modules() if isinstance(module, nn.Conv2d)]
    assert sum(isinstance(module, Rounded) for module in copy.modules()) == len(layers) - 1  # all but the last
    assert not any(isinstance(module, Rounded) for module in net.modules())
    for content, style in pairs(4):
        code = net.encode_style(style)
        exact, near = net(content, code), copy(content, code)
        assert 0 < (exact - near).square().mean() < 1e-3  # 30 dB

    save(net, Card(name="small", architecture="brisk"), tmp_path / "small.safetensors")  # in float16
    again = load(tmp_path / "small.safetensors").net
    assert isinstance(again, Brisk)
    torch.testing.assert_close(again.ranges, net.ranges, rtol=1e-3, atol=0)
    tiny = torch.full_like(net.ranges, 1e-60, dtype=torch.float64) * torch.tensor([-1, 1])  # 0 in float32
    for wrong in (torch.ones(3, 2), torch.ones(5), -net.ranges, tiny):
        with pytest.raises(ValueError, match="ranges"):
            Brisk.from_state_dict(net.state_dict() | {"ranges": wrong})


def test_ranges_hold_all_but_the_rarest_pictures() -> None:
    torch.manual_seed(0)
    net = Brisk(SMALL).eval()
    dim = [(0.5 * content, style) for content, style in pairs(39)]
    calibrate(net, [*dim, (torch.ones(1, 3, 64, 64), dim[0][1])])
    assert net.ranges is not None
    first = net.ranges[0]  # what the first convolution sees: the pixels
    assert first[0] == 0
    assert 0.49 < first[1] < 0.51
