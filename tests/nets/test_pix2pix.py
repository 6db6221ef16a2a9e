"""The published U-Nets, by the list of their tensors and by the paper's figure, written out here a second time.

Sources: Isola et al. 2017, figure 3 and appendix 6.1; tensor names in junyanz/pytorch-CycleGAN-and-pix2pix,
models/networks.py, whose layers are numbered activation, convolution, norm, level below, activation, convolution, norm.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.errors import ModelError
from vidstyle.nets.pix2pix import Pix2Pix
from vidstyle.zoo import load
from vidstyle.zoo.architectures import build


def prefix(level: int) -> str:
    """Of a level's tensors, from 0, the outermost, on."""
    return "model.model" + ".1.model" * (level > 0) + ".3.model" * (level - 1)


def places(level: int, depth: int) -> tuple[str, str, str, str]:
    """Of a level's halving, its norm, its doubling and its norm; the outermost has no norms, the innermost but one."""
    numbers = (0, 0, 3, 0) if level == 0 else (1, 2, 5, 6) if level < depth - 1 else (1, 0, 3, 4)
    return tuple(f"{prefix(level)}.{number}" for number in numbers)


def published(depth: int, width: int, norm: str, bias: bool) -> dict[str, Tensor]:
    """Random weights under the published names.

    norm: batch, instance, affine (instance norms with weights), or old: instance norms of PyTorch 0.4, which wrote
    running statistics down.
    """
    make = torch.Generator().manual_seed(depth)
    widths, state = [3, *(width * min(2**level, 8) for level in range(depth))], {}

    def conv(place: str, *shape: int, outputs: int, biased: bool) -> None:
        state[f"{place}.weight"] = torch.randn(*shape, 4, 4, generator=make) / (3 * shape[1]) ** 0.5
        if biased:
            state[f"{place}.bias"] = torch.randn(outputs, generator=make) / 5

    def normed(place: str, channels: int) -> None:
        if norm in ("batch", "affine"):
            state[f"{place}.weight"] = 1 + torch.randn(channels, generator=make) / 5
            state[f"{place}.bias"] = torch.randn(channels, generator=make) / 5
        if norm in ("batch", "old"):
            state[f"{place}.running_mean"] = torch.randn(channels, generator=make)
            state[f"{place}.running_var"] = 0.5 + torch.rand(channels, generator=make)
            state[f"{place}.num_batches_tracked"] = torch.tensor(7)

    for level in range(depth):
        outer, inner = widths[level : level + 2]
        down, down_norm, up, up_norm = places(level, depth)
        below = inner * (1 if level == depth - 1 else 2)
        conv(down, inner, outer, outputs=inner, biased=bias)
        conv(up, below, outer, outputs=outer, biased=bias or level == 0)
        if 0 < level < depth - 1:
            normed(down_norm, inner)
        if level:
            normed(up_norm, outer)
    return state


def painted(state: dict[str, Tensor], frame: Tensor, depth: int, running: bool = False) -> Tensor:
    """The figure: down to the smallest size, and up again beside what went down. frame: (1, 3, H, W) in [0, 1]."""

    def normalised(x: Tensor, place: str) -> Tensor:
        weight, bias = state.get(f"{place}.weight"), state.get(f"{place}.bias")
        if running:
            return F.batch_norm(x, state[f"{place}.running_mean"], state[f"{place}.running_var"], weight, bias)
        return F.batch_norm(x, None, None, weight, bias, training=True)  # a batch of one

    x, passed = 2 * frame - 1, []
    for level in range(depth):
        down, norm, _, _ = places(level, depth)
        if level:
            x = F.leaky_relu(x, 0.2)
        x = F.conv2d(x, state[f"{down}.weight"], state.get(f"{down}.bias"), stride=2, padding=1)
        if 0 < level < depth - 1:
            x = normalised(x, norm)
        passed.append(x)
    x = passed.pop()
    for level in reversed(range(depth)):
        _, _, up, norm = places(level, depth)
        x = F.conv_transpose2d(F.relu(x), state[f"{up}.weight"], state.get(f"{up}.bias"), stride=2, padding=1)
        if level:
            x = torch.cat([passed.pop(), normalised(x, norm)], 1)
    return (x.tanh() + 1) / 2


# pix2pix, CycleGAN with a U-Net, both as they were before 2018, and one of those who changed them.
@pytest.mark.parametrize(
    ("norm", "bias", "depth"),
    [("batch", False, 8), ("instance", True, 7), ("batch", True, 7), ("old", True, 8), ("affine", True, 5)],
)
@torch.no_grad()
def test_a_published_file_paints_as_the_figure_says(tmp_path: Path, norm: str, bias: bool, depth: int) -> None:
    state = published(depth, 4, norm, bias)
    file = tmp_path / "latest_net_G.pth"
    torch.save({f"module.{key}": tensor for key, tensor in state.items()}, file)
    model = load(file)
    side = 2**depth
    assert (model.card.architecture, model.net.least_side) == ("pix2pix", side)
    frame = torch.rand(1, 3, side, 2 * side, generator=torch.Generator().manual_seed(0))
    expected = painted(state, frame, depth)
    assert expected.std() > 0.1
    torch.testing.assert_close(model.net(frame), expected, atol=1e-4, rtol=0)
    # Of any size: filled up by reflection at the right and below, and cut back.
    part = frame[..., : side - 3, : side + 7]
    filled = F.pad(part, (0, side - 7, 0, 3), mode="reflect")
    whole = painted(state, filled, depth)[..., : side - 3, : side + 7]
    torch.testing.assert_close(model.net(part), whole, atol=1e-4, rtol=0)
    if norm == "batch":
        model.net.running()
        torch.testing.assert_close(model.net(frame), painted(state, frame, depth, running=True), atol=1e-4, rtol=0)


def test_the_published_sizes() -> None:
    # What pix2pix prints of its generators, in millions.
    for depth, millions in ((8, 54.414), (7, 41.829)):
        with torch.device("meta"):
            net = Pix2Pix(64, depth)
        assert round(sum(weight.numel() for weight in net.parameters()) / 1e6, 3) == millions
        assert net.state_dict().keys() == {
            key for key in published(depth, 1, "batch", False) if not key.endswith("num_batches_tracked")
        }


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"model.model.0.weight": torch.zeros(4, 1, 4, 4)}, "3 channels of 1"),
        ({"model.model.3.weight": torch.zeros(8, 2, 4, 4)}, "2 channels of 3"),
        ({"model.model.3.weight": torch.zeros(8, 3, 4, 4), "model.model.3.bias": None}, "no tensor model.model.3.bias"),
        ({"model.model.1.model.1.weight": torch.zeros(9, 4, 4, 4)}, r"\(9, 4, 4, 4\), not \(8, 4, 4, 4\)"),
        ({f"{prefix(2)}.5.weight": None}, "3 times, not 5 to 9"),
        ({"attention.weight": torch.zeros(3)}, "unknown tensor attention.weight"),
    ],
)
def test_what_nearly_matches_is_refused_in_a_line(wrong: dict[str, Tensor | None], why: str) -> None:
    state = {key: value for key, value in (published(7, 4, "batch", False) | wrong).items() if value is not None}
    with pytest.raises(ModelError, match=f"^net.pth looks like pix2pix, but: .*{why}") as caught:
        build(state, "net.pth")
    assert "\n" not in str(caught.value)


def test_without_norms_it_is_refused() -> None:
    state = {key: value for key, value in published(7, 4, "instance", False).items() if "bias" not in key}
    with pytest.raises(ModelError, match="neither norms nor biases"):
        build(state)
