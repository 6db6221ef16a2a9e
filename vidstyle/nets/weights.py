"""From published tensors into a net."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

__all__ = ["count", "fill", "outputs", "part"]

RUNNING = ("running_mean", "running_var", "num_batches_tracked")


def fill(net: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Put `state` into `net` as float32; the tensors replace the net's own, so it may be on the meta device.

    Running statistics that the net has no place for are left out: old PyTorch versions wrote them for instance norms,
    which never read them.
    ValueError, in one line, where a tensor is missing, misshapen or one too many.
    """
    own = net.state_dict()
    state = {key: value.float() for key, value in state.items() if key in own or key.rpartition(".")[2] not in RUNNING}
    for fault, keys in (("no", own.keys() - state.keys()), ("an unknown", state.keys() - own.keys())):
        if keys:
            raise ValueError(f"it has {fault} tensor {min(keys)}" + (f" and {len(keys) - 1} more" * (len(keys) > 1)))
    for key, value in state.items():
        if value.shape != own[key].shape:
            raise ValueError(f"its tensor {key} is {tuple(value.shape)}, not {tuple(own[key].shape)}")
    net.load_state_dict(state, assign=True)


def part(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors under "prefix.", without it."""
    return {key[len(prefix) + 1 :]: value for key, value in state.items() if key.startswith(f"{prefix}.")}


def outputs(state: Mapping[str, Tensor], key: str) -> int:
    """How many outputs the layer of that name has."""
    return state[f"{key}.weight"].shape[0]


def count(state: Mapping[str, Tensor], prefix: str) -> int:
    """How many modules a list has, the names of whose tensors begin with `prefix`."""
    return len({key.removeprefix(prefix).split(".")[0] for key in state if key.startswith(prefix)})
