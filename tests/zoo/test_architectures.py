"""Detection by tensors, and the registry."""

from __future__ import annotations

import json

import pytest
import torch

from vidstyle.errors import ModelError
from vidstyle.nets.cyclegan import CycleGAN
from vidstyle.zoo import Architecture, architectures, detect, load, register
from vidstyle.zoo.architectures import build


def claims(state) -> list[str]:
    return [architecture.name for architecture in architectures() if architecture.matches(state)]


def test_every_net_is_claimed_by_its_own_architecture_alone(small_nets):
    for name, net in small_nets.items():
        assert claims(net.state_dict()) == [name]


def test_every_published_layout_is_claimed_by_its_own_architecture_alone(peers):
    def layout(file, prefix=""):
        return {prefix + key: torch.empty(shape, device="meta") for key, shape in json.loads(file.read_text())}

    adain = layout(peers / "adain/vgg_layout.json", "encoder.") | layout(
        peers / "adain/decoder_layout.json", "decoder."
    )
    assert claims(adain) == ["adain"]
    assert claims(layout(peers / "johnson/layout.json")) == ["transformer_net"]
    assert claims(layout(peers / "cyclegan_resnet_6blocks/layout.json")) == ["cyclegan"]
    assert claims(layout(peers / "cyclegan_resnet_9blocks/layout.json")) == ["cyclegan"]
    for part in ("adain/vgg_layout.json", "adain/decoder_layout.json"):
        assert claims(layout(peers / part)) == []
    for file in (peers / "wct").glob("*.pth"):
        assert claims(torch.load(file, weights_only=True)) == []


def test_sizes_are_read_off_the_tensors(small_nets):
    for net in small_nets.values():
        copy, _ = build(net.state_dict())
        assert {key: value.shape for key, value in copy.state_dict().items()} == {
            key: value.shape for key, value in net.state_dict().items()
        }


def test_running_statistics_of_old_versions_are_left_out(small_nets):
    for name, norm, channels in (("transformer_net", "in1", 4), ("cyclegan", "model.2", 4)):
        state = small_nets[name].state_dict()
        state |= {f"{norm}.running_mean": torch.zeros(channels), f"{norm}.num_batches_tracked": torch.tensor(9)}
        net, architecture = build(state)
        assert architecture.name == name
        assert net.state_dict().keys() == small_nets[name].state_dict().keys()


def test_cyclegan_with_dropout():
    net = CycleGAN(width=4, blocks=2, dropout=True).eval()
    copy, architecture = build(net.state_dict())
    frames = torch.rand(1, 3, 16, 16)
    assert architecture.name == "cyclegan"
    assert torch.equal(copy.eval()(frames), net(frames))


def test_half_precision_checkpoints_load_as_float32(small_nets):
    for net in small_nets.values():
        copy, _ = build(net.half().state_dict())
        assert {parameter.dtype for parameter in copy.parameters()} == {torch.float32}


@pytest.mark.parametrize("damage", ["missing", "misshapen", "unknown", "infinite", "too large", "empty", "flat"])
def test_tensors_that_do_not_fit(small_nets, damage):
    for name, net in small_nets.items():
        state = dict(net.state_dict())
        key = max(state)
        if damage == "missing":
            del state[key]
        elif damage == "misshapen":
            state[key] = torch.zeros(1, 2, 3, 4)
        elif damage == "unknown":
            state["decoder.extra.weight" if name in ("adain", "microast") else "extra"] = torch.zeros(3)
        elif damage == "infinite":
            state[key] = torch.full_like(state[key], torch.inf)
        elif damage == "too large":  # for float32
            state[key] = torch.full_like(state[key], 1e300, dtype=torch.float64)
        elif damage == "empty":
            state = {key: value[:0] for key, value in state.items()}
        else:
            state = {key: value.flatten() for key, value in state.items()}
        with pytest.raises(ModelError) as caught:
            build(state, "net.pth")
        assert str(caught.value).startswith("net.pth ")
        assert "\n" not in str(caught.value)


def test_batch_norm_generator_is_refused(small_nets):
    state = small_nets["cyclegan"].state_dict() | {
        f"model.2.{name}": torch.ones(4) for name in ("weight", "running_mean")
    }
    with pytest.raises(ModelError, match="batch norm"):
        build(state)


def test_unknown_architecture_names_the_known_ones(tmp_path):
    torch.save({"w": torch.ones(3)}, tmp_path / "net.pth")
    known = ", ".join(sorted(architecture.name for architecture in architectures()))
    with pytest.raises(ModelError, match=rf"no known architecture \(known: {known}\)"):
        load(tmp_path / "net.pth")


@pytest.fixture
def registry(monkeypatch):
    """Puts the registry back afterwards."""
    module = register.__globals__
    monkeypatch.setitem(module, "_registry", module["_registry"])


def broken(state):
    raise RuntimeError("a bug in somebody else's matcher")


@pytest.mark.usefixtures("registry")
def test_register(small_nets):
    before = architectures()
    register(Architecture("mine", lambda state: "mine.weight" in state, lambda state: small_nets["cyclegan"]))
    register(Architecture("broken", broken, broken))
    assert build({"mine.weight": torch.ones(1)})[0] is small_nets["cyclegan"]
    assert detect(small_nets["microast"].state_dict()).name == "microast"
    assert before == architectures()[2:]
    with pytest.raises(ValueError, match="already"):
        register(Architecture("cyclegan", broken, broken))
    assert len(architectures()) == len(before) + 2
