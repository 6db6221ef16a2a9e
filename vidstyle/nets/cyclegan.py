"""CycleGAN's ResNet generator: from one domain of pictures to another.

Source: Zhu et al. 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks", appendix
7.2; tensor names of junyanz/pytorch-CycleGAN-and-pix2pix.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from .padding import Pad, crop, pad_to_stride
from .protocol import FixedStyleNet
from .statistics import InstanceNorm
from .weights import fill

__all__ = ["CycleGAN"]

FIRST_BLOCK = 10  # position of the first residual block


class Residual(nn.Module):
    """Two normalised 3×3 convolutions and a skip.

    Some published nets have a dropout between them: it does nothing when painting, but moves the second convolution
    from position 5 to 6.
    """

    def __init__(self, channels: int, dropout: bool = False) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            *(Pad(1), nn.Conv2d(channels, channels, 3), InstanceNorm(channels), nn.ReLU(inplace=True)),
            *([nn.Dropout(0.5)] if dropout else []),
            *(Pad(1), nn.Conv2d(channels, channels, 3), InstanceNorm(channels)),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv_block(x)


class CycleGAN(FixedStyleNet):
    """The ResNet generator with instance norm and transposed convolutions.

    The weights work on [−1, 1]; `paint` takes and gives [0, 1].
    """

    stride: ClassVar[int] = 4

    def __init__(self, width: int = 64, blocks: int = 9, dropout: bool = False, resize: bool = False) -> None:
        """`width` is the number of channels at full size; it doubles with each halving of the picture.

        resize: upsample and convolve in place of transposed convolutions, which can paint a checkerboard (Odena et al.
        2016).
        """
        super().__init__()
        c1, c2, c3 = width, 2 * width, 4 * width
        up = _resized if resize else _transposed
        self.model = nn.Sequential(
            *(Pad(3), nn.Conv2d(3, c1, 7), InstanceNorm(c1), nn.ReLU(inplace=True)),
            *(nn.Conv2d(c1, c2, 3, stride=2, padding=1), InstanceNorm(c2), nn.ReLU(inplace=True)),
            *(nn.Conv2d(c2, c3, 3, stride=2, padding=1), InstanceNorm(c3), nn.ReLU(inplace=True)),
            *(Residual(c3, dropout) for _ in range(blocks)),  # (N, c3, H / 4, W / 4)
            *(up(c3, c2), InstanceNorm(c2), nn.ReLU(inplace=True)),
            *(up(c2, c1), InstanceNorm(c1), nn.ReLU(inplace=True)),
            *(Pad(3), nn.Conv2d(c1, 3, 7), nn.Tanh()),
        )

    def paint(self, frames: Tensor) -> Tensor:
        painted = self.model(pad_to_stride(frames, self.stride) * 2 - 1)
        return (crop(painted, like=frames) + 1) / 2

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Tensor]) -> CycleGAN:
        """A generator of the width and depth of a published state dict. ValueError where its tensors do not fit."""
        if "model.2.weight" in state:
            raise ValueError("it has batch norms; only generators with instance norms can be loaded")
        blocks = {int(m[1]) for key in state if (m := re.match(r"model\.(\d+)\.conv_block\.", key))}
        dropout = f"model.{FIRST_BLOCK}.conv_block.6.weight" in state
        resize = f"model.{FIRST_BLOCK + len(blocks)}.2.weight" in state
        with torch.device("meta"):
            net = cls(state["model.1.weight"].shape[0], len(blocks), dropout, resize)
        fill(net, state)
        return net


def _transposed(inputs: int, outputs: int) -> nn.Module:
    return nn.ConvTranspose2d(inputs, outputs, 3, 2, 1, output_padding=1)


def _resized(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Upsample(scale_factor=2, mode="nearest"), Pad(1), nn.Conv2d(inputs, outputs, 3))
