"""From a checkpoint file to a flat dictionary of tensors, without running anything that the file says.

Safetensors hold nothing but tensors. A torch pickle can hold code, so it is read with `weights_only=True` or not at
all. The format is told by the first bytes, never by the name.
"""

from __future__ import annotations

import os
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from vidstyle.errors import ModelError

__all__ = ["MAX_BYTES", "State", "read_state_dict"]

State = dict[str, Tensor]

MAX_BYTES = 2 * 1024**3

# Where training scripts put the weights inside a checkpoint, and what wrappers put before every tensor's name.
WRAPPERS = ("state_dict", "model_state_dict", "params_ema", "params", "model", "generator", "net", "module")
PREFIXES = ("module.", "_orig_mod.", "generator.")


def read_state_dict(path: str | Path, max_bytes: int = MAX_BYTES) -> tuple[State, dict[str, str]]:
    """The tensors of a checkpoint and its metadata ({} for a pickle).

    Wrappers ("state_dict": …, "module.…") are taken off. ModelError, in one line, for whatever is not a checkpoint,
    holds more than `max_bytes`, or needs code to be run.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(9)
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    if size > max_bytes:
        raise _too_large(path, max_bytes)
    length = int.from_bytes(head[:8], "little")
    if head[8:] == b"{" and length <= size - 8:
        state, metadata = _read_safetensors(path)
    else:
        state, metadata = _unwrap(_read_pickle(path, max_bytes)), {}
    if not state:
        raise ModelError(f"{path} holds no tensors; give the file with the model's state dict")
    # A pickled tensor may claim more elements than it stores.
    if sum(tensor.numel() * tensor.element_size() for tensor in state.values()) > max_bytes:
        raise _too_large(path, max_bytes)
    return _strip(state), metadata


def _read_safetensors(path: Path) -> tuple[State, dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, RuntimeError, AttributeError):
        raise ModelError(f"{path} is a damaged safetensors file; fetch it again") from None


def _read_pickle(path: Path, max_bytes: int) -> Any:
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, UnicodeError):
        unpacked = 0  # an old pickle, or something that torch will refuse
    if unpacked > max_bytes:
        raise _too_large(path, max_bytes)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    # A hostile or damaged pickle can make the reader raise nearly anything.
    except Exception as error:
        if "GLOBAL" in str(error) or "TorchScript" in str(error):
            reason = "holds Python objects, which are never run; save its state_dict() alone, best as safetensors"
        else:
            reason = "is not a checkpoint, or a damaged one; give a .safetensors file or a torch state dict"
        raise ModelError(f"{path} {reason}") from None


def _unwrap(content: Any) -> State:
    """The tensors of a loaded checkpoint, nested dictionaries joined by dots."""
    if not isinstance(content, Mapping):
        return {}
    for wrapper in WRAPPERS:
        if isinstance(inner := content.get(wrapper), Mapping) and (state := _unwrap(inner)):
            return state
    state = {}
    for key, value in content.items():
        if isinstance(value, Tensor) and value.layout == torch.strided and not value.is_quantized:
            state[str(key)] = value.detach()
        elif isinstance(value, Mapping):
            state.update({f"{key}.{name}": tensor for name, tensor in _unwrap(value).items()})
    return state


def _strip(state: State) -> State:
    """`state` without the prefixes that all of its tensors share."""
    while prefix := next((p for p in PREFIXES if all(key.startswith(p) for key in state)), None):
        state = {key.removeprefix(prefix): value for key, value in state.items()}
    return state


def _too_large(path: Path, max_bytes: int) -> ModelError:
    limit = f"{max_bytes / 1024**3:.3g} GB"
    return ModelError(f"{os.fspath(path)} holds more than {limit}; no model that vidstyle knows is that large")
