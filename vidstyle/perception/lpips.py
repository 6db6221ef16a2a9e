"""LPIPS: how different two pictures look, by a net whose weights of its features people have chosen.

Source: Zhang et al. 2018, equation 1. The net is SqueezeNet 1.1; its weights and the heads come from a folder, and
where these are not the pair that the paper fitted, distances are like LPIPS, not LPIPS itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vidstyle.errors import InputError, MissingExtra
from vidstyle.zoo.vision import import_torchvision

__all__ = ["LPIPS", "load_lpips"]

HEADS = "squeeze.pth"
NET = "squeezenet_weights_tf_dim_ordering_tf_kernels_notop.h5"
# Layers of torchvision's squeezenet1_1.features behind which the features are compared.
TAPS = (1, 4, 7, 9, 10, 11, 12)
FIRES = {3: "fire2", 4: "fire3", 6: "fire4", 7: "fire5", 9: "fire6", 10: "fire7", 11: "fire8", 12: "fire9"}
MEAN = (103.939, 116.779, 123.68)
"""Of blue, green and red, as the Caffe model was trained."""


class LPIPS(nn.Module):
    """Distance of pictures a and b, (N, 3, H, W) in [0, 1], sides of at least 35 pixels -> (N,); 0 for the same."""

    mean: Tensor

    def __init__(self, features: nn.Sequential, heads: list[Tensor]) -> None:
        super().__init__()
        self.features = features
        self.heads = nn.ParameterList(nn.Parameter(head, requires_grad=False) for head in heads)
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None])
        self.requires_grad_(False).eval()

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        x = torch.cat([a, b]).flip(1) * 255 - self.mean
        total = torch.zeros(len(a), device=a.device)
        taps = iter(self.heads)
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in TAPS:
                unit = x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10)
                ours, theirs = unit.chunk(2)
                total = total + ((ours - theirs).square() * next(taps)).sum(1).mean(dim=(1, 2))
        return total


def load_lpips(folder: Path) -> LPIPS | None:
    """The distance from the folder that holds SqueezeNet's Keras weights and the heads; None where they are not."""
    if not (folder / HEADS).exists() or not (folder / NET).exists():
        return None
    try:
        import h5py
    except ImportError:
        raise MissingExtra("h5py", "evaluate") from None
    features = import_torchvision().models.squeezenet1_1(weights=None).features
    try:
        with h5py.File(folder / NET) as file:
            _read(features[0], file["conv1"])
            for index, name in FIRES.items():
                fire = features[index]
                _read(fire.squeeze, file[name]["squeeze1x1"])
                _read(fire.expand1x1, file[name]["expand1x1"])
                _read(fire.expand3x3, file[name]["expand3x3"])
        heads = torch.load(folder / HEADS, map_location="cpu", weights_only=True)
        return LPIPS(features, [heads[f"lin{i}.model.1.weight"] for i in range(len(TAPS))])
    except (OSError, KeyError, RuntimeError) as error:
        raise InputError(f"{folder} does not hold the weights of LPIPS: {error}") from None


def _read(conv: nn.Conv2d, group: Any) -> None:
    """Weights and bias of one convolution, wherever in the group they are."""
    found: list[Any] = []
    group.visititems(lambda name, item: found.append(item[:]) if hasattr(item, "shape") else None)
    for values in found:
        tensor = torch.from_numpy(values)
        if tensor.ndim == 4:  # (h, w, in, out)
            conv.weight.data.copy_(tensor.permute(3, 2, 0, 1))
        else:
            assert conv.bias is not None
            conv.bias.data.copy_(tensor)
