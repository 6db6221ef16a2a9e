"""brisk: its budget, every frame size, its modulation."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from vidstyle.nets.brisk import Brisk, BriskSizes, Modulate
from vidstyle.nets.protocol import mix

SMALL = BriskSizes(quarter=8, eighth=8, blocks=1, style=(4, 8, 8, 8, 8), embedding=16)


def test_budget() -> None:
    net = Brisk()
    assert sum(p.numel() for p in net.transformer.parameters()) <= 600_000
    assert 2 * sum(p.numel() for p in net.parameters()) <= 4_000_000  # bytes in float16
    frame = torch.rand(1, 3, 256, 256)
    code = net.encode_style(frame)
    with FlopCounterMode(display=False) as counter:
        net(frame, code)
    assert counter.get_total_flops() / 2 / 256**2 <= 7000


@pytest.mark.parametrize("size", [(16, 16), (17, 31), (40, 24), (121, 80)])
def test_any_size(size: tuple[int, int]) -> None:
    net = Brisk(SMALL).eval()
    frames = torch.rand(2, 3, *size)
    painted = net(frames, net.encode_style(torch.rand(1, 3, 45, 33)))
    assert painted.shape == frames.shape
    assert painted.min() >= 0
    assert painted.max() <= 1


def test_sizes_are_read_off_the_tensors() -> None:
    net = Brisk(SMALL)
    again = Brisk.from_state_dict(net.state_dict())
    assert again.sizes == SMALL
    frame, style = torch.rand(1, 3, 32, 32), torch.rand(1, 3, 64, 64)
    torch.testing.assert_close(again(frame, again.encode_style(style)), net(frame, net.encode_style(style)))


def test_modulation_is_instance_normalisation_with_the_codes_scale_and_shift() -> None:
    x, scale, shift = torch.randn(2, 5, 9, 7), torch.randn(1, 5), torch.randn(1, 5)
    reference = torch.nn.InstanceNorm2d(5, affine=True)
    reference.weight.data, reference.bias.data = scale[0], shift[0]
    torch.testing.assert_close(Modulate(5)(x, scale, shift), reference(x).relu())


def test_mixing_one_style_with_itself_changes_nothing() -> None:
    net = Brisk(SMALL)
    code = net.encode_style(torch.rand(1, 3, 64, 64))
    torch.testing.assert_close(mix([code, code], [0.3, 0.7])[0], code[0])
