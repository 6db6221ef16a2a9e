"""Reading checkpoints: wrappers come off, and nothing but tensors gets in."""

from __future__ import annotations

import contextlib
import os
import pickle
import zipfile

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from vidstyle.errors import ModelError
from vidstyle.zoo import load, read_state_dict

STATE = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.ones(2)}


def refused(path, **options) -> str:
    with pytest.raises(ModelError) as caught:
        read_state_dict(path, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


@pytest.mark.parametrize(
    "content",
    [
        STATE,
        {"state_dict": STATE, "epoch": 3},
        {"model": {"state_dict": STATE}},
        {"params": STATE, "params_ema": STATE},
        {f"module.{key}": value for key, value in STATE.items()},
        {"generator": {f"module._orig_mod.{key}": value for key, value in STATE.items()}, "discriminator": {}},
        {"a": {"weight": STATE["a.weight"], "bias": STATE["a.bias"]}, "iteration": 7},
    ],
)
def test_wrappers_come_off(content, tmp_path):
    torch.save(content, tmp_path / "net.pth")
    state, metadata = read_state_dict(tmp_path / "net.pth")
    assert metadata == {}
    assert state.keys() == STATE.keys()
    assert all(torch.equal(state[key], STATE[key]) for key in STATE)


def test_format_is_told_by_content_not_by_name(tmp_path):
    save_file(STATE, tmp_path / "net.pth", metadata={"key": "value"})
    state, metadata = read_state_dict(tmp_path / "net.pth")
    assert state.keys() == STATE.keys()
    assert metadata == {"key": "value"}


class Hostile:
    def __init__(self, target: str) -> None:
        self.target = target

    def __reduce__(self):
        return os.mkdir, (self.target,)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_pickle_is_refused_and_not_run(zipped, tmp_path):
    path, proof = tmp_path / "net.pth", tmp_path / "ran"
    torch.save({"w": Hostile(str(proof))}, path, _use_new_zipfile_serialization=zipped)
    assert "never run" in refused(path)
    path.write_bytes(pickle.dumps(Hostile(str(proof))))
    refused(path)
    with pytest.raises(ModelError):
        load(path)
    assert not proof.exists()


def test_a_pickled_module_is_refused(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "net.pth")
    assert "state_dict()" in refused(tmp_path / "net.pth")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_is_refused(tmp_path):
    torch.jit.save(torch.jit.trace(torch.nn.Linear(2, 2), torch.zeros(1, 2)), tmp_path / "net.pt")
    assert "state_dict()" in refused(tmp_path / "net.pt")


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_truncated(suffix, tmp_path):
    path = tmp_path / f"net{suffix}"
    save_file(STATE, path) if suffix == ".safetensors" else torch.save(STATE, path)
    whole = path.read_bytes()
    for length in (0, 1, 8, 9, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        refused(path)


SPANNED_ZIP = b"PK\x06\x07" + bytes(12) + b"\x02\0\0\0" + b"PK\x05\x06" + bytes(18)


@pytest.mark.parametrize("content", [b"a text file\n" * 50, b"\x89PNG\r\n\x1a\n" + bytes(64), SPANNED_ZIP])
def test_not_a_checkpoint(content, tmp_path):
    (tmp_path / "net.pth").write_bytes(content)
    refused(tmp_path / "net.pth")


def test_missing_or_a_folder(tmp_path):
    refused(tmp_path / "none.pth")
    refused(tmp_path)


def test_no_tensors(tmp_path):
    for content in ({}, {"epoch": 3}, [1, 2], torch.ones(3)):
        torch.save(content, tmp_path / "net.pth")
        assert "no tensors" in refused(tmp_path / "net.pth")


def test_size_limits(tmp_path):
    path = tmp_path / "net.pth"
    torch.save(STATE, path)
    refused(path, max_bytes=100)
    torch.save({"w": torch.zeros(1).expand(10**7)}, path)  # stores 4 bytes, claims 40 MB
    refused(path, max_bytes=10**6)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(10**7))
    refused(path, max_bytes=10**6)


HEADS = st.sampled_from([b"", b"\x80\x02", b"PK\x03\x04", b"\x02\0\0\0\0\0\0\0{}", b"\x40\0\0\0\0\0\0\0{"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HEADS, st.binary(max_size=200))
def test_random_bytes(tmp_path, head, tail):
    path = tmp_path / "net.pth"
    path.write_bytes(head + tail)
    with pytest.raises(ModelError):
        load(path)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.booleans(), st.data())
def test_flipped_bytes_load_or_are_refused(tmp_path, safe, data):
    path = tmp_path / "net.pth"
    save_file(STATE, path) if safe else torch.save(STATE, path)
    content = bytearray(path.read_bytes())
    for _ in range(3):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with contextlib.suppress(ModelError):  # anything else is a crash
        read_state_dict(path)
