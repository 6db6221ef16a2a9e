"""Narrower nets: whole channels that matter least are taken out.

Channels of one size of the frame are added to each other by skips and residual blocks, so they stay or go together.

Sources: Fang et al. 2023, "DepGraph: Towards Any Structural Pruning" (importance of tied channels, section 3.3); Li et
al. 2017, "Pruning Filters for Efficient ConvNets" (magnitudes).
"""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatch

import torch
from torch import Tensor, nn

from vidstyle.errors import OptionError
from vidstyle.nets.conditioned import ConditionedNet, FramePath, Modulate

__all__ = ["narrowed"]

STEP = 8
"""Channels are kept in multiples of so many, which CPUs compute at once."""


def narrowed(net: ConditionedNet, share: float) -> ConditionedNet:
    """A copy with about `share` of the channels at every size of the frame; it is to be trained on.

    OptionError for a share that is not above 0 and below 1, or with which all channels would stay.
    """
    if not 0 < share < 1:
        raise OptionError(f"a share of {share:g} of the channels makes no sense; give one above 0 and below 1")
    path = net.transformer
    kept = {}
    for size, scores in _importance(net).items():
        count = max(STEP, STEP * round(share * len(scores) / STEP))
        kept[size] = scores.topk(min(count, len(scores))).indices.sort().values
    if all(len(kept[size]) == getattr(net.sizes, size) for size in kept):
        raise OptionError(f"with a share of {share:g} all channels stay; give a smaller one")
    state = {key: tensor.clone() for key, tensor in net.state_dict().items() if key != "ranges"}
    for name in _convolutions(path):
        source, target = _tie(path, name)
        for key, axis, size in (("weight", 1, source), ("weight", 0, target), ("bias", 0, target)):
            key = f"transformer.{name}.{key}"
            if size and key in state:
                state[key] = state[key].index_select(axis, kept[size])
    rows, at = [], 0
    for name, module in path.named_modules():
        if isinstance(module, Modulate):
            chosen = kept[_tie(path, name)[1]]
            rows += [at + chosen, at + module.channels + chosen]
            at += 2 * module.channels
    for key in ("weight", "bias"):
        state[f"style_encoder.predict.{key}"] = state[f"style_encoder.predict.{key}"][torch.cat(rows)]
    smaller = type(net)(replace(net.sizes, **{size: len(channels) for size, channels in kept.items()}))
    smaller.load_state_dict(state)
    return smaller.eval()


def _convolutions(path: FramePath) -> dict[str, nn.Conv2d]:
    return {name: layer for name, layer in path.named_modules() if isinstance(layer, nn.Conv2d)}


def _tie(path: FramePath, name: str) -> tuple[str, str]:
    """The sizes that a layer's channels come from and go to."""
    begun = [prefix for prefix in path.TIES if fnmatch(name, f"{prefix}*")]
    return path.TIES[max(begun, key=len)]


@torch.no_grad()
def _importance(net: ConditionedNet) -> dict[str, Tensor]:
    """For every size a number for each channel: mean square of all weights that make it or use it, by layer relative to
    the layer's own mean, and of the scales that an average style gives it."""
    found: dict[str, Tensor] = {}

    def add(size: str, squares: Tensor) -> None:
        if size:
            found[size] = found.get(size, 0) + squares / squares.mean().clamp_min(1e-12)

    for name, layer in _convolutions(net.transformer).items():
        source, target = _tie(net.transformer, name)
        squares = layer.weight.square()  # (out, in, k, k)
        if target:
            add(target, squares.mean((1, 2, 3)))
        if source:
            add(source, squares.mean((0, 2, 3)))
    bias, at = net.style_encoder.predict.bias, 0
    for name, module in net.transformer.named_modules():
        if isinstance(module, Modulate):
            add(_tie(net.transformer, name)[1], bias[at : at + module.channels].square())
            at += 2 * module.channels
    return found
