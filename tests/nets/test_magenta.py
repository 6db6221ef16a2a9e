"""Magenta's net of many styles: numbers, mixtures, and the published weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from vidstyle.errors import ModelError, StyleError
from vidstyle.nets.magenta import Magenta, layers
from vidstyle.nets.protocol import mix
from vidstyle.stylizers import Stylizer
from vidstyle.zoo import Card, load, save

PEERS = Path(__file__).parents[2].parent / "shared" / "peers"


@pytest.fixture
def net() -> Magenta:
    torch.manual_seed(0)
    net = Magenta((4, 6, 8), blocks=2, styles=3)
    for name, parameter in net.named_parameters():
        if name.endswith(("gamma", "beta")):
            torch.nn.init.normal_(parameter)
    return net.eval()


@torch.no_grad()
def test_styles_are_told_by_number_and_mix(net: Magenta, tmp_path: Path) -> None:
    save(net, Card(name="three", architecture="magenta"), tmp_path / "three.safetensors", torch.float32)
    painter = Stylizer(tmp_path / "three.safetensors", device="cpu")
    frames = torch.rand(1, 3, 34, 41)
    torch.testing.assert_close(painter(frames, painter.encode_style("2")), net(frames, net.numbered(2)))
    mixed = mix([net.numbered(0), net.numbered(1)], [0.25, 0.75])
    torch.testing.assert_close(painter(frames, painter.encode_style([("0", 1.0), ("1", 3.0)])), net(frames, mixed))
    for wrong in ("3", "-1", "starry_night", torch.rand(1, 3, 40, 40)):
        with pytest.raises(StyleError, match="0 to 2"):
            painter.encode_style(wrong)


def test_raw_numbers_are_checked(tmp_path: Path) -> None:
    for name, (inputs, outputs, side) in layers().items():
        scope = f"transformer_{name.replace('.', '_')}" + ("_conv" if name.startswith("expand") else "")
        # A kernel that tells its place: value = input channel.
        kernel = np.broadcast_to(np.arange(inputs, dtype="<f4"), (outputs, side, side, inputs))
        (tmp_path / f"{scope}_weights").write_bytes(kernel.tobytes())
        for row in ("gamma", "beta"):
            (tmp_path / f"{scope}_InstanceNorm_{row}").write_bytes(np.ones((5, outputs), "<f4").tobytes())
    net = load(tmp_path).net
    assert net.styles == 5
    assert net.state_dict()["contract_conv2.weight"][3, :, 1, 2].tolist() == list(range(32))
    (tmp_path / "transformer_contract_conv2_weights").write_bytes(b"1234")
    with pytest.raises(ModelError, match="4 bytes, not 73728"):
        load(tmp_path)


@torch.no_grad()
def test_the_published_styles_have_palettes_of_their_own() -> None:
    if not PEERS.exists():
        pytest.skip("needs ../shared/peers")
    net = load(PEERS / "magenta32").net
    assert (net.styles, sum(p.numel() for p in net.parameters())) == (32, 1_777_024)
    grey = torch.nn.functional.interpolate(torch.rand(1, 1, 8, 8), (64, 64), mode="bicubic").expand(1, 3, 64, 64)
    means = torch.cat([net(grey, net.numbered(number)).mean((2, 3)) for number in range(32)])
    assert torch.cdist(means, means).add(torch.eye(32)).min() > 0.003


@torch.no_grad()
def test_the_published_net_paints_as_magentas_own_graph_does() -> None:
    """Expected: magenta 2.1.4's image_stylization.model.transform with weighted_instance_norm, in TensorFlow 2.21."""
    if not PEERS.exists():
        pytest.skip("needs ../shared/peers")
    rows, columns = np.mgrid[:32, :40].astype(np.float32)
    waves = [0.5 + 0.5 * np.sin(rows / (3 + k) + columns**2 / (40 + 20 * k)) for k in range(3)]
    frame = torch.from_numpy(np.stack(waves)[None])
    net = load(PEERS / "magenta32").net
    mixed = mix([net.numbered(7), net.numbered(27)], [0.5, 0.5])
    painted = torch.cat([net(frame, code) for code in (net.numbered(19), mixed)])
    expected = np.load(Path(__file__).parent / "expected" / "magenta.npy")  # (2, H, W, 3)
    torch.testing.assert_close(painted.permute(0, 2, 3, 1).numpy(), expected, atol=1e-4, rtol=0)
