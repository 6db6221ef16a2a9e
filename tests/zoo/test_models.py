"""Loading by name and by file, saving, and cards."""

from __future__ import annotations

import json
import struct
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from vidstyle.errors import ModelError, OutputError
from vidstyle.zoo import Card, available, load, save

CARD = Card(
    name="small",
    architecture="cyclegan",
    licence="Apache-2.0",
    data="procedural scenes, 10 000",
    teacher="VGG-19 “normalised”",
    recipe={"steps": 100, "rates": [1e-3, 1e-4], "ema": True},
    commit="0123abc",
    quality={"style": 1.5, "content": 0.25},
)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_round_trip(small_nets, tmp_path, dtype):
    for name, net in small_nets.items():
        path = tmp_path / f"{name}.safetensors"
        card = save(net, replace(CARD, architecture=name), path, dtype)
        model = load(path)
        assert model.card == card
        assert replace(model.card, parameters=0, checksum="") == replace(CARD, architecture=name)
        assert not model.net.training
        state = model.net.state_dict()
        for key, value in net.state_dict().items():
            assert torch.equal(state[key], value.to(dtype).float())
        assert {value.dtype for value in load_file(path).values()} == {dtype}
    assert sorted(file.suffix for file in tmp_path.iterdir()) == [".safetensors"] * len(small_nets)


def test_damaged_weights_are_noticed(small_nets, tmp_path):
    path = tmp_path / "small.safetensors"
    save(small_nets["cyclegan"], CARD, path)
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match="checksum"):
        load(path)


@pytest.mark.parametrize("entry", [{"quality": "{"}, {"recipe": "7"}, {"name": None}, {"parameters": '"many"'}])
def test_broken_card(small_nets, tmp_path, entry):
    metadata = {key: value for key, value in (CARD.to_metadata() | entry).items() if value is not None}
    save_file(small_nets["cyclegan"].state_dict(), tmp_path / "net.safetensors", metadata)
    with pytest.raises(ModelError, match="card"):
        load(tmp_path / "net.safetensors")


def test_a_file_without_a_card_gets_one(small_nets, tmp_path):
    torch.save(small_nets["cyclegan"].state_dict(), tmp_path / "monet.pth.tar")
    card = load(str(tmp_path / "monet.pth.tar")).card
    parameters = sum(parameter.numel() for parameter in small_nets["cyclegan"].parameters())
    assert (card.name, card.architecture, card.parameters) == ("monet", "cyclegan", parameters)
    assert card.licence == "unknown"


def test_failed_save_leaves_the_old_file(small_nets, tmp_path):
    path = tmp_path / "small.safetensors"
    save(small_nets["cyclegan"], CARD, path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="would load as cyclegan"):
        save(small_nets["cyclegan"], replace(CARD, architecture="adain"), path)
    with torch.no_grad():
        small_nets["cyclegan"].model[1].weight.fill_(1e6)  # beyond float16
    with pytest.raises(ValueError, match="not finite"):
        save(small_nets["cyclegan"], CARD, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_save_where_nothing_can_be_written(small_nets, tmp_path):
    with pytest.raises(OutputError):
        save(small_nets["cyclegan"], CARD, tmp_path / "none" / "small.safetensors")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError):
        save(small_nets["cyclegan"], CARD, tmp_path / "folder")
    assert [file.name for file in tmp_path.iterdir()] == ["folder"]


def test_built_in_names(small_nets, tmp_path):
    card = save(small_nets["cyclegan"], CARD, tmp_path / "small.safetensors")
    assert available(tmp_path) == [card]
    assert load("small", assets=tmp_path).path == tmp_path / "small.safetensors"
    with pytest.raises(ModelError, match="did you mean small"):
        load("smal", assets=tmp_path)
    with pytest.raises(ModelError, match="there are: small"):
        load("quite different", assets=tmp_path)


def test_every_model_in_the_package_loads():
    for card in available():
        assert load(card.name).card == card


@pytest.mark.parametrize("name", ["none.pth", "none/", "/none/at/all", "a\0b", "x" * 5000, ""])
def test_no_such_model(name):
    with pytest.raises(ModelError):
        load(name)


def test_header_that_promises_more_than_the_file_has(tmp_path):
    header = json.dumps({"w": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}).encode()
    (tmp_path / "net.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(ModelError, match="damaged"):
        load(tmp_path / "net.safetensors")


@pytest.fixture
def microast_run(small_nets, tmp_path):
    """Writes one training run of a four-file model."""

    def write(run: str) -> None:
        for part in ("content_encoder", "style_encoder", "modulator", "decoder"):
            torch.save(getattr(small_nets["microast"], part).state_dict(), tmp_path / f"{part}{run}.pth.tar")

    return write


def test_files_of_one_run_belong_together(microast_run, tmp_path):
    microast_run("_iter_10")
    microast_run("_iter_20")
    assert load(tmp_path / "decoder_iter_10.pth.tar").card.architecture == "microast"
    with pytest.raises(ModelError, match="several models"):
        load(tmp_path)


def test_a_missing_part_is_named(microast_run, tmp_path):
    microast_run("_iter_10")
    (tmp_path / "modulator_iter_10.pth.tar").unlink()
    with pytest.raises(ModelError, match=r"put beside it: .*modulator \(microast\)"):
        load(tmp_path / "decoder_iter_10.pth.tar")
    with pytest.raises(ModelError, match="several checkpoints"):
        load(tmp_path)


def test_adain_among_other_files(small_nets, tmp_path):
    torch.save(small_nets["adain"].encoder.state_dict(), tmp_path / "vgg_normalised.pth")
    torch.save(small_nets["adain"].decoder.state_dict(), tmp_path / "decoder_iter_160000.pth.tar")
    (tmp_path / "notes.txt").write_text("notes")
    for path in (tmp_path, tmp_path / "vgg_normalised.pth", tmp_path / "decoder_iter_160000.pth.tar"):
        assert load(path).card.architecture == "adain"
    # SANet and its heirs: AdaIN's encoder and decoder, and a transform that must not be ignored.
    torch.save({"w": torch.ones(1)}, tmp_path / "transformer_iter_160000.pth.tar")
    with pytest.raises(ModelError, match="of which transformer_iter_160000"):
        load(tmp_path)


def test_folders(small_nets, tmp_path):
    with pytest.raises(ModelError, match="no checkpoint"):
        load(tmp_path)
    torch.save(small_nets["cyclegan"].state_dict(), tmp_path / "latest_net_G.pth")
    assert load(tmp_path).card.architecture == "cyclegan"


def test_data_parallel_checkpoints(small_nets, tmp_path):
    for name, net in small_nets.items():
        torch.save(nn.DataParallel(net).state_dict(), tmp_path / "net.pth")
        assert load(tmp_path / "net.pth").card.architecture == name
