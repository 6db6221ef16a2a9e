"""Published checkpoints, loaded as a user would, give what their original implementations gave (../shared/peers)."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vidstyle.zoo import load


def picture(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(array).permute(2, 0, 1)[None] / 255


@pytest.fixture
def checkpoint(request, peers, make_weights, tmp_path):
    """The path that a user would give for one of the peers."""
    name = request.param
    if name == "microast":
        return peers / name
    if name == "adain":
        torch.save(make_weights(peers / name / "vgg_layout.json", 1), tmp_path / "vgg_normalised.pth")
        torch.save(make_weights(peers / name / "decoder_layout.json", 2), tmp_path / "decoder.pth")
        return tmp_path
    torch.save(make_weights(peers / name / "layout.json", 0), tmp_path / "net.pth")
    return tmp_path / "net.pth"


# The originals of the fixed-style nets paint on 0–255 and on −1–1; vidstyle's nets all paint on 0–1.
@pytest.mark.parametrize(
    ("checkpoint", "architecture", "gain", "offset"),
    [
        ("adain", "adain", 1, 0),
        ("microast", "microast", 1, 0),
        ("johnson", "transformer_net", 255, 0),
        ("cyclegan_resnet_6blocks", "cyclegan", 2, -1),
        ("cyclegan_resnet_9blocks", "cyclegan", 2, -1),
    ],
    indirect=["checkpoint"],
)
@torch.no_grad()
def test_reproduces_the_original(checkpoint, architecture, gain, offset, request, peers):
    case = np.load(peers / request.node.callspec.params["checkpoint"] / "case.npz")
    model = load(checkpoint)
    assert model.card.architecture == architecture
    assert not model.net.training
    code = model.net.encode_style() if model.net.fixed_style else model.net.encode_style(picture(case["style"]))
    for key, strength in (("output", 1.0), ("output_alpha05", 0.5)):
        if key in case:
            output = model.net(picture(case["content"]), code, strength)[0] * gain + offset
            np.testing.assert_allclose(output.numpy(), case[key], rtol=0, atol=1e-3)


def test_one_file_of_several_is_enough(peers):
    whole = load(peers / "microast")
    part = load(peers / "microast" / "modulator_iter_160000.pth.tar")
    assert part.card.checksum == whole.card.checksum
    assert whole.card.parameters == 471_987  # 0.472 M in the paper
