"""The perceptual encoder that judges a painting: VGG-19's features at relu1_1 … relu5_1."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from vidstyle.errors import InputError
from vidstyle.nets.vgg import VGG

__all__ = ["Perceptual", "load_perceptual"]

EXACT = "vgg19_normalised_relu3_1.safetensors"
DISTILLED = "vgg19_distilled16x_relu5_1.safetensors"


class Perceptual(nn.Module):
    """Features of a distilled encoder, its shallow taps replaced by an exact one's on request."""

    def __init__(self, distilled: VGG, exact: VGG | None = None) -> None:
        super().__init__()
        self.distilled = distilled
        self.exact = exact
        self.requires_grad_(False).eval()

    def forward(self, x: Tensor, exact: bool = False) -> dict[str, Tensor]:
        """x: (N, 3, H, W) in [0, 1]. Returns {"relu1_1": (N, 64, H, W), … "relu5_1": (N, 512, H/16, W/16)}."""
        features = self.distilled(x)
        if exact and self.exact is not None:
            features |= self.exact(x)
        return features


def load_perceptual(folder: Path) -> Perceptual:
    """The encoder from a folder that holds the distilled VGG and, if it is there, the exact one."""
    nets = []
    for name in (DISTILLED, EXACT):
        path = folder / name
        nets.append(VGG.from_state_dict(load_file(path)) if path.exists() else None)
    distilled, exact = nets
    if distilled is None:
        raise InputError(f"{folder / DISTILLED} is missing; give the folder with the perceptual encoders as --teachers")
    return Perceptual(distilled, exact).to(memory_format=torch.channels_last)
