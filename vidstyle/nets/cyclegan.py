"""CycleGAN's ResNet generator: from one domain of pictures to another.

Source: Zhu et al. 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks", appendix
7.2; tensor names of junyanz/pytorch-CycleGAN-and-pix2pix.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn

from .layered import OneStyleNet
from .padding import Pad, crop, pad_to_stride
from .statistics import InstanceNorm
from .weights import fill

__all__ = ["CycleGAN"]

FIRST_BLOCK = 10  # position of the first residual block


class Residual(nn.Module):
    """Two normalised 3×3 convolutions and a skip.

    Some published nets have a dropout between them: it does nothing when painting, but moves the second convolution
    from position 5 to 6.
    """

    def __init__(self, channels: int, dropout: bool = False, affine: bool = False) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            *(Pad(1), nn.Conv2d(channels, channels, 3), InstanceNorm(channels, affine=affine), nn.ReLU(inplace=True)),
            *([nn.Dropout(0.5)] if dropout else []),
            *(Pad(1), nn.Conv2d(channels, channels, 3), InstanceNorm(channels, affine=affine)),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv_block(x)


class CycleGAN(OneStyleNet):
    """The ResNet generator with instance norm and transposed convolutions.

    The weights work on [−1, 1]; `paint` takes and gives [0, 1].
    """

    stride: ClassVar[int] = 4

    def __init__(
        self,
        width: int | tuple[int, int, int] = 64,
        blocks: int = 9,
        dropout: bool = False,
        resize: bool = False,
        affine: bool = False,
    ) -> None:
        """`width` is the number of channels at full size, which doubles with each halving of the picture; or those at
        full, half and quarter size.

        resize: upsample and convolve in place of transposed convolutions, which can paint a checkerboard (Odena et al.
        2016). affine: normalisations have a scale and a shift of their own.
        """
        super().__init__()
        c1, c2, c3 = (width, 2 * width, 4 * width) if isinstance(width, int) else width
        self.blocks = blocks
        up, norm = _resized if resize else _transposed, partial(InstanceNorm, affine=affine)
        self.model = nn.Sequential(
            *(Pad(3), nn.Conv2d(3, c1, 7), norm(c1), nn.ReLU(inplace=True)),
            *(nn.Conv2d(c1, c2, 3, stride=2, padding=1), norm(c2), nn.ReLU(inplace=True)),
            *(nn.Conv2d(c2, c3, 3, stride=2, padding=1), norm(c3), nn.ReLU(inplace=True)),
            *(Residual(c3, dropout, affine) for _ in range(blocks)),  # (N, c3, H / 4, W / 4)
            *(up(c3, c2), norm(c2), nn.ReLU(inplace=True)),
            *(up(c2, c1), norm(c1), nn.ReLU(inplace=True)),
            *(Pad(3), nn.Conv2d(c1, 3, 7), nn.Tanh()),
        )

    @property
    def ties(self) -> dict[str, tuple[str, str]]:
        # Only the sums of residual blocks join channels.
        steps = ["", "full", "half", "quarter"]
        found = {f"model.{3 * at + 1}": pair for at, pair in enumerate(pairwise(steps))}
        found |= {f"model.{3 * at + 2}": ("", step) for at, step in enumerate(steps[1:])}
        for at in range(FIRST_BLOCK, FIRST_BLOCK + self.blocks):
            inside, name = f"block {at}", f"model.{at}.conv_block"
            layers = self.get_submodule(name).children()
            one, two = (place for place, layer in enumerate(layers) if isinstance(layer, InstanceNorm))
            found |= {f"{name}.{one - 1}": ("quarter", inside), f"{name}.{one}": ("", inside)}
            found |= {f"{name}.{two - 1}": (inside, "quarter"), f"{name}.{two}": ("", "quarter")}
        up = FIRST_BLOCK + self.blocks
        found |= {f"model.{up}": ("quarter", "half again"), f"model.{up + 1}": ("", "half again")}
        found |= {f"model.{up + 3}": ("half again", "full again"), f"model.{up + 4}": ("", "full again")}
        return found | {f"model.{up + 7}": ("full again", "")}

    @property
    def rim(self) -> tuple[nn.Module, ...]:
        return self.model[1], self.model[-2]

    def paint(self, frames: Tensor) -> Tensor:
        # Two cells at least at the smallest size: there is nothing to normalise, or to reflect, in one.
        painted = self.model(pad_to_stride(frames, self.stride, least=2) * 2 - 1)
        return (crop(painted, like=frames) + 1) / 2

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Tensor]) -> CycleGAN:
        """A generator of the width and depth of a published state dict. ValueError where its tensors do not fit."""
        affine = "model.2.weight" in state
        if affine and "model.2.running_mean" in state:
            raise ValueError("it has batch norms; only generators with instance norms can be loaded")
        blocks = {int(m[1]) for key in state if (m := re.match(r"model\.(\d+)\.conv_block\.", key))}
        block = f"model.{FIRST_BLOCK}.conv_block"
        dropout = f"{block}.6.weight" in state and f"{block}.5.weight" not in state
        resize = f"model.{FIRST_BLOCK + len(blocks)}.2.weight" in state
        c1, c2, c3 = (state[f"model.{at}.weight"].shape[0] for at in (1, 4, 7))
        with torch.device("meta"):
            net = cls((c1, c2, c3), len(blocks), dropout, resize, affine)
        net.expect_ranges(state)
        fill(net, state)
        return net


def _transposed(inputs: int, outputs: int) -> nn.Module:
    return nn.ConvTranspose2d(inputs, outputs, 3, 2, 1, output_padding=1)


def _resized(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Upsample(scale_factor=2, mode="nearest"), Pad(1), nn.Conv2d(inputs, outputs, 3))
