"""Narrower nets: whole channels that matter least are taken out.

Channels that are added to each other by skips and residual blocks stay or go together; which these are, a net tells by
its `ties`.

Sources: Fang et al. 2023, "DepGraph: Towards Any Structural Pruning" (importance of tied channels, section 3.3); Li et
al. 2017, "Pruning Filters for Efficient ConvNets" (magnitudes).
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch

import torch
from torch import Tensor, nn

from vidstyle.errors import OptionError
from vidstyle.nets.conditioned import ConditionedNet, Modulate
from vidstyle.nets.layered import Layered, LayeredNet

__all__ = ["narrowed"]

STEP = 8
"""Channels are kept in multiples of so many, which CPUs compute at once."""


def narrowed(net: LayeredNet, share: float) -> LayeredNet:
    """A copy with about `share` of the channels of every group; it is to be trained on.

    OptionError for a share that is not above 0 and below 1, or with which all channels would stay.
    """
    if not 0 < share < 1:
        raise OptionError(f"a share of {share:g} of the channels makes no sense; give one above 0 and below 1")
    kept, all_stay = {}, True
    for group, scores in _importance(net).items():
        count = min(len(scores), max(STEP, STEP * round(share * len(scores) / STEP)))
        kept[group] = scores.topk(count).indices.sort().values
        all_stay &= count == len(scores)
    if all_stay:
        raise OptionError(f"with a share of {share:g} all channels stay; give a smaller one")
    state = {key: tensor.clone() for key, tensor in net.state_dict().items() if key != "ranges"}
    for name, key, axis, group in _axes(net.path):
        full = f"{_prefix(net)}{name}.{key}"
        state[full] = state[full].index_select(axis, kept[group])
    if isinstance(net, ConditionedNet):
        rows = [at + kept[group] for at, group in _rows(net)]
        for key in ("weight", "bias"):
            state[f"style_encoder.predict.{key}"] = state[f"style_encoder.predict.{key}"][torch.cat(rows)]
    return type(net).from_state_dict(state).eval()


def _prefix(net: LayeredNet) -> str:
    """Of the names of the path's tensors."""
    name = next(name for name, module in net.named_modules() if module is net.path)
    return f"{name}." if name else ""


def _tie(path: Layered, name: str) -> tuple[str, str]:
    """The groups that a layer's channels come from and go to."""
    ties = path.ties
    begun = [prefix for prefix in ties if fnmatch(name, f"{prefix}*")]
    return ties[max(begun, key=len)]


def _axes(path: Layered) -> Iterator[tuple[str, str, int, str]]:
    """Where channels of a group lie: a layer's name, that of its tensor, the axis, the group."""
    for name, layer in path.named_modules():
        if not isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d, nn.InstanceNorm2d)):
            continue
        source, target = _tie(path, name)
        found = [("weight", 0, target), ("bias", 0, target)]
        if isinstance(layer, nn.Conv2d):
            found.append(("weight", 1, source))
        elif isinstance(layer, nn.ConvTranspose2d):  # (in, out, k, k)
            found[0] = ("weight", 1, target)
            found.append(("weight", 0, source))
        for key, axis, group in found:
            if group and getattr(layer, key) is not None:
                yield name, key, axis, group


def _rows(net: ConditionedNet) -> Iterator[tuple[int, str]]:
    """Where a code's scales, then its shifts, begin, and the group whose they are; in the code's order."""
    at = 0
    for name, module in net.path.named_modules():
        if isinstance(module, Modulate):
            _, group = _tie(net.path, name)
            yield at, group
            yield at + module.channels, group
            at += 2 * module.channels


@torch.no_grad()
def _importance(net: LayeredNet) -> dict[str, Tensor]:
    """For every group a number for each channel: mean square of all weights that make it or use it, by layer relative
    to the layer's own mean, and of the scales of its normalisations: their own, or what an average style gives."""
    found: dict[str, Tensor] = {}

    def add(group: str, squares: Tensor) -> None:
        found[group] = found.get(group, 0) + squares / squares.mean().clamp_min(1e-12)

    for name, key, axis, group in _axes(net.path):
        if key == "weight":
            squares = net.path.get_submodule(name).get_parameter(key).square()
            add(group, squares.movedim(axis, 0).flatten(1).mean(1) if squares.ndim > 1 else squares)
    if isinstance(net, ConditionedNet):
        bias = net.style_encoder.predict.bias
        for at, group in list(_rows(net))[::2]:
            add(group, bias[at : at + len(found[group])].square())
    return found
