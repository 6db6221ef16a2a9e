"""brisk and atelier: their budgets, every frame size, their modulation."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from vidstyle.nets.atelier import Atelier, AtelierSizes
from vidstyle.nets.brisk import Brisk, BriskSizes
from vidstyle.nets.conditioned import ConditionedNet, Modulate
from vidstyle.nets.protocol import mix

BRISK = BriskSizes(half=4, quarter=8, eighth=8, blocks=1, sixteenth=8, deep=1, trunk=(4, 8, 8, 8, 8), embedding=16)
ATELIER = AtelierSizes(full=4, half=4, quarter=6, eighth=8, deep=1, wide=2, trunk=(4, 8, 8, 8, 8), embedding=16)


@pytest.fixture(
    params=[Brisk(BRISK), Atelier(ATELIER)],
    ids=["brisk", "atelier"],
)
def net(request: pytest.FixtureRequest) -> ConditionedNet:
    return request.param.eval()


@pytest.mark.parametrize(
    ("net", "per_frame", "bytes_", "macs"), [(Brisk(), 600_000, 4e6, 7e3), (Atelier(), 8e6, 16e6, 120e3)]
)
def test_budgets(net: ConditionedNet, per_frame: int, bytes_: int, macs: int) -> None:
    assert sum(p.numel() for p in net.transformer.parameters()) <= per_frame
    assert 2 * sum(p.numel() for p in net.parameters()) <= bytes_  # in float16
    frame = torch.rand(1, 3, 256, 256)
    code = net.encode_style(frame)
    with FlopCounterMode(display=False) as counter:
        net(frame, code)
    assert counter.get_total_flops() / 2 / 256**2 <= macs


@pytest.mark.parametrize("size", [(16, 16), (17, 31), (40, 24), (121, 80)])
def test_any_size(net: ConditionedNet, size: tuple[int, int]) -> None:
    frames = torch.rand(2, 3, *size)
    painted = net(frames, net.encode_style(torch.rand(1, 3, 45, 33)))
    assert painted.shape == frames.shape
    assert painted.min() >= 0
    assert painted.max() <= 1


def test_sizes_are_read_off_the_tensors(net: ConditionedNet) -> None:
    again = type(net).from_state_dict(net.state_dict())
    assert again.sizes == net.sizes
    frame, style = torch.rand(1, 3, 32, 32), torch.rand(1, 3, 64, 64)
    torch.testing.assert_close(again(frame, again.encode_style(style)), net(frame, net.encode_style(style)))


def test_patches_put_every_pixel_where_it_was() -> None:
    """A transposed convolution, computed by PyTorch, from the same weights."""
    from vidstyle.nets.brisk import CELL as cell
    from vidstyle.nets.brisk import Pixels

    pixels, x = Pixels(5), torch.randn(2, 5, 6, 7)
    weight = pixels.kernel().reshape(3, cell, cell, 5, 2, 2)  # (channel, row, column, input, kernel row, kernel column)
    # A cell sees 2×2 patches; seen from a patch, the kernel is turned around.
    kernel = weight.flip(4, 5).permute(3, 0, 4, 1, 5, 2).reshape(5, 3, 2 * cell, 2 * cell)
    edges = torch.nn.functional.pad(x, (1, 1, 1, 1), mode="replicate")
    full = torch.nn.functional.conv_transpose2d(edges, kernel, stride=cell)[..., cell:-cell, cell:-cell]
    full = full + pixels.colour[:, None, None]
    torch.testing.assert_close(pixels(x), torch.sigmoid(full), atol=1e-5, rtol=1e-4)


def test_a_flat_frame_stays_flat(net: ConditionedNet) -> None:
    colour = torch.tensor([0.2, 0.5, 0.7]).view(1, 3, 1, 1)
    painted = net(colour.expand(1, 3, 48, 64), net.encode_style(torch.rand(1, 3, 32, 32)))
    torch.testing.assert_close(painted, painted[..., :1, :1].expand_as(painted), atol=1e-3, rtol=0)


def test_modulation_is_instance_normalisation_with_the_codes_scale_and_shift() -> None:
    x, scale, shift = torch.randn(2, 5, 9, 7), torch.randn(1, 5), torch.randn(1, 5)
    reference = torch.nn.InstanceNorm2d(5, affine=True)
    reference.weight.data, reference.bias.data = scale[0], shift[0]
    torch.testing.assert_close(Modulate(5)(x, scale, shift), reference(x).relu())
    torch.testing.assert_close(Modulate(5, relu=False)(x, scale, shift), reference(x))


def test_mixing_one_style_with_itself_changes_nothing(net: ConditionedNet) -> None:
    code = net.encode_style(torch.rand(1, 3, 64, 64))
    torch.testing.assert_close(mix([code, code], [0.3, 0.7])[0], code[0])
