"""The published layouts: real files where ../shared is there, small nets of the same layouts everywhere."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import torch
from torch import nn

from vidstyle.nets.adain import DECODER, AdaIN
from vidstyle.nets.atelier import Atelier, AtelierSizes
from vidstyle.nets.brisk import Brisk, BriskSizes
from vidstyle.nets.cyclegan import CycleGAN
from vidstyle.nets.magenta import Magenta
from vidstyle.nets.microast import MicroAST
from vidstyle.nets.pix2pix import Pix2Pix
from vidstyle.nets.transformer_net import TransformerNet
from vidstyle.nets.unet import UNet
from vidstyle.nets.vgg import LAYERS, VGG
from vidstyle.nets.wct import WCT

PEERS = Path(__file__).parents[2].parent / "shared" / "peers"


def small_adain() -> AdaIN:
    widths, channels = {}, 3
    for layer in LAYERS[: LAYERS.index("4_1") + 1]:
        widths[layer] = (channels, channels := 4 * int(layer[0]), None)
    decoder = {at: (16 if at == 1 else 4, 3 if at == 28 else 4) for at in DECODER}
    return AdaIN(VGG(widths), decoder)


def small_wct() -> WCT:
    widths, channels = {}, 3
    for layer in LAYERS[: LAYERS.index("3_1") + 1]:
        widths[layer] = (channels, channels := 4 * int(layer[0]), None)
    shapes = {
        "decoder1": {1: (4, 3)},
        "decoder2": {1: (8, 4), 5: (4, 4), 8: (4, 3)},
        "decoder3": {1: (12, 8), 5: (8, 8), 8: (8, 4), 12: (4, 4), 15: (4, 3)},
    }
    state = {f"encoder.{key}": value for key, value in VGG(widths).state_dict().items()}
    for decoder, layers in shapes.items():
        for at, (inputs, outputs) in layers.items():
            layer = nn.Conv2d(inputs, outputs, 3)
            state |= {f"{decoder}.{at}.{key}": value.detach() for key, value in layer.named_parameters()}
    return WCT.from_state_dict(state)


@pytest.fixture
def small_nets() -> dict:
    """{architecture: a small net of it with random weights}."""
    torch.manual_seed(0)
    return {
        "adain": small_adain(),
        "microast": MicroAST(2, 4, 8),
        "transformer_net": TransformerNet(4, 6, 8, blocks=3),
        "atelier": Atelier(AtelierSizes(4, 4, 6, 8, deep=1, wide=1, trunk=(4, 6, 6, 6, 6), embedding=5)),
        "brisk": Brisk(
            BriskSizes(half=4, quarter=6, eighth=8, blocks=2, sixteenth=6, deep=1, trunk=(4, 6, 6, 6, 6), embedding=5)
        ),
        "cyclegan": CycleGAN(width=4, blocks=2),
        "unet": UNet(4, 3),
        "pix2pix": Pix2Pix(2, 5),
        "wct": small_wct(),
        "magenta": Magenta((4, 6, 8), blocks=2, styles=3),
    }


@pytest.fixture(scope="session")
def peers() -> Path:
    if not PEERS.exists():
        pytest.skip("needs ../shared/peers")
    return PEERS


@pytest.fixture(scope="session")
def make_weights(peers):
    spec = importlib.util.spec_from_file_location("make_weights", peers / "make_weights.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.make_weights
