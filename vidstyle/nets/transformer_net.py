"""TransformerNet: one style per net, as in pytorch/examples' fast neural style.

Source: Johnson et al. 2016, "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", with instance norm
(Ulyanov et al. 2016) and resize-convolutions (Odena et al. 2016); tensor names of the published weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .layered import OneStyleNet
from .padding import crop, pad, pad_to_stride
from .statistics import InstanceNorm
from .weights import fill

__all__ = ["TransformerNet"]


class Conv(nn.Module):
    """A convolution with reflection padding, after a nearest upsampling where `upsample` is over 1."""

    def __init__(self, inputs: int, outputs: int, size: int, stride: int = 1, upsample: int = 1) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(inputs, outputs, size, stride)
        self.padding = size // 2
        self.upsample = upsample

    def forward(self, x: Tensor) -> Tensor:
        if self.upsample > 1:
            x = F.interpolate(x, scale_factor=float(self.upsample), mode="nearest")
        p = self.padding
        return self.conv2d(pad(x, p, p, p, p))


class Residual(nn.Module):
    """Two normalised 3×3 convolutions and a skip, without a ReLU after the sum."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = Conv(channels, channels, 3)
        self.in1 = InstanceNorm(channels, affine=True)
        self.conv2 = Conv(channels, channels, 3)
        self.in2 = InstanceNorm(channels, affine=True)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.in2(self.conv2(F.relu(self.in1(self.conv1(x)))))


class TransformerNet(OneStyleNet):
    """Johnson's transformation net. The weights work on 0–255; `paint` takes and gives [0, 1]."""

    stride: ClassVar[int] = 4

    def __init__(self, c1: int = 32, c2: int = 64, c3: int = 128, blocks: int = 5) -> None:
        """Channels at full, half and quarter size; number of residual blocks."""
        super().__init__()
        self.blocks = blocks
        self.conv1 = Conv(3, c1, 9)
        self.in1 = InstanceNorm(c1, affine=True)
        self.conv2 = Conv(c1, c2, 3, stride=2)
        self.in2 = InstanceNorm(c2, affine=True)
        self.conv3 = Conv(c2, c3, 3, stride=2)
        self.in3 = InstanceNorm(c3, affine=True)
        for i in range(1, blocks + 1):
            self.add_module(f"res{i}", Residual(c3))
        self.deconv1 = Conv(c3, c2, 3, upsample=2)
        self.in4 = InstanceNorm(c2, affine=True)
        self.deconv2 = Conv(c2, c1, 3, upsample=2)
        self.in5 = InstanceNorm(c1, affine=True)
        self.deconv3 = Conv(c1, 3, 9)

    @property
    def ties(self) -> dict[str, tuple[str, str]]:
        # Only the sums of residual blocks join channels.
        found = {"conv1": ("", "full"), "in1": ("", "full"), "conv2": ("full", "half"), "in2": ("", "half")}
        found |= {"conv3": ("half", "quarter"), "in3": ("", "quarter")}
        for i in range(1, self.blocks + 1):
            inside = f"res{i}"
            found |= {f"res{i}.conv1": ("quarter", inside), f"res{i}.in1": ("", inside)}
            found |= {f"res{i}.conv2": (inside, "quarter"), f"res{i}.in2": ("", "quarter")}
        found |= {"deconv1": ("quarter", "half again"), "in4": ("", "half again")}
        found |= {"deconv2": ("half again", "full again"), "in5": ("", "full again"), "deconv3": ("full again", "")}
        return found

    @property
    def rim(self) -> tuple[nn.Module, ...]:
        return self.conv1, self.deconv3

    def paint(self, frames: Tensor) -> Tensor:
        # Two cells at least at the smallest size: there is nothing to normalise, or to reflect, in one.
        x = pad_to_stride(frames, self.stride, least=2) * 255
        x = F.relu(self.in1(self.conv1(x)))
        x = F.relu(self.in2(self.conv2(x)))
        x = F.relu(self.in3(self.conv3(x)))  # (N, c3, H / 4, W / 4)
        for i in range(1, self.blocks + 1):
            x = getattr(self, f"res{i}")(x)
        x = F.relu(self.in4(self.deconv1(x)))
        x = F.relu(self.in5(self.deconv2(x)))
        return crop(self.deconv3(x), like=frames) / 255

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Tensor]) -> TransformerNet:
        """A net of the widths and depth of a published state dict. ValueError where its tensors do not fit."""
        c1, c2, c3 = (state[f"conv{i}.conv2d.weight"].shape[0] for i in (1, 2, 3))
        blocks = len({key.partition(".")[0] for key in state if key.startswith("res")})
        with torch.device("meta"):
            net = cls(c1, c2, c3, blocks)
        net.expect_ranges(state)
        fill(net, state)
        return net
