"""brisk: an arbitrary-style network light enough for live use on a CPU.

The transformer works on every frame, most of it at 1/8 of the frame's size. The style encoder runs once per style and
predicts the scale and shift of every normalisation from pooled statistics, so it may be larger than the transformer
and costs a frame nothing.

Sources: Dumoulin et al. 2017 (conditional instance normalisation, eq. 5); Ghiasi et al. 2017 (its scales and shifts
predicted from a style image); Huang & Belongie 2017 (statistics as style); Shi et al. 2016 (sub-pixel convolution).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .padding import crop, pad_to_stride
from .protocol import StyleCode, StyleNet, blend

__all__ = ["Brisk", "BriskSizes"]


@dataclass(frozen=True)
class BriskSizes:
    """Channels and depths of a brisk network."""

    quarter: int = 32
    """Channels at 1/4 of the frame's size."""
    eighth: int = 64
    """Channels at 1/8, where most of the work is."""
    blocks: int = 3
    """Residual blocks at 1/8."""
    style: tuple[int, ...] = (32, 64, 128, 192, 192)
    """Channels of the style encoder at 1/2, 1/4, 1/8, 1/16, 1/32 of the style's size."""
    embedding: int = 320


class Conv(nn.Conv2d):
    """A convolution that keeps the size; borders repeat, so that a frame gets no dark rim."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, kernel // 2, padding_mode="replicate")


class Modulate(nn.Module):
    """Instance normalisation, then the style's scale and shift of every channel, then ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def forward(self, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        return F.relu(F.instance_norm(x) * scale[..., None, None] + shift[..., None, None])


class Patches(nn.Conv2d):
    """Overlapping 8×8 patches, one per 4×4 pixels: (N, 3, H + 4, W + 4) -> (N, C, H/4, W/4)."""

    def __init__(self, outputs: int) -> None:
        super().__init__(3, outputs, 8, stride=4)


class Pixels(nn.Module):
    """The way back from patches: (N, C, H/4, W/4) -> (N, 3, H + 4, W + 4) in [0, 1].

    Every pixel is the sum of four overlapping patches, as in a transposed 8×8 convolution of stride 4; a 2×2
    convolution and a shuffle compute that faster.
    """

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.spread = nn.Conv2d(inputs, 48, 2, padding=1, padding_mode="replicate")

    def forward(self, x: Tensor) -> Tensor:
        # The sigmoid is inside, where a graph runtime takes it into the convolution.
        return F.pixel_shuffle(torch.sigmoid(self.spread(x)), 4)


class Block(nn.Module):
    """A residual block: 3×3, modulated, 1×1."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mix = Conv(channels, channels)
        self.modulate = Modulate(channels)
        self.expand = Conv(channels, channels, 1)

    def forward(self, x: Tensor, style: StyleReader) -> Tensor:
        return x + self.expand(style(self.modulate, self.mix(x)))


class StyleReader:
    """Hands the scales and shifts of a flat code to the modulations, in the order in which they run."""

    def __init__(self, code: Tensor) -> None:
        self.code = code
        self.at = 0

    def __call__(self, modulate: Modulate, x: Tensor) -> Tensor:
        scale = self.code[:, self.at : self.at + modulate.channels]
        shift = self.code[:, self.at + modulate.channels : self.at + 2 * modulate.channels]
        self.at += 2 * modulate.channels
        return modulate(x, scale, shift)


class Transformer(nn.Module):
    """The frame path. frames (N, 3, H + 4, W + 4) in [0, 1], H and W multiples of 8; code (N or 1, K) -> same shape.

    Patches overlap the frame's border, so frames come and go with a margin of 2 pixels; what is painted there is to
    be cut away.
    """

    MARGIN: ClassVar[int] = 2
    STRIDE: ClassVar[int] = 8

    def __init__(self, sizes: BriskSizes) -> None:
        super().__init__()
        quarter, eighth = sizes.quarter, sizes.eighth
        self.down4, self.at4 = Patches(quarter), Modulate(quarter)
        self.down8, self.at8 = Conv(quarter, eighth, stride=2), Modulate(eighth)
        self.blocks = nn.ModuleList(Block(eighth) for _ in range(sizes.blocks))
        self.up4, self.smooth4, self.back4 = Conv(eighth, 4 * quarter, 1), Conv(quarter, quarter), Modulate(quarter)
        self.out = Pixels(quarter)

    @property
    def code_size(self) -> int:
        """K: two numbers, scale and shift, for every modulated channel."""
        return 2 * sum(module.channels for module in self.modules() if isinstance(module, Modulate))

    def forward(self, frames: Tensor, code: Tensor) -> Tensor:
        style = StyleReader(code)
        x4 = style(self.at4, self.down4(frames))  # (N, quarter, H/4, W/4)
        x = style(self.at8, self.down8(x4))  # (N, eighth, H/8, W/8)
        for block in self.blocks:
            x = block(x, style)
        x = F.pixel_shuffle(self.up4(x), 2) + x4  # (N, quarter, H/4, W/4)
        x = style(self.back4, self.smooth4(x))
        return self.out(x)  # (N, 3, H + 4, W + 4)


class StyleEncoder(nn.Module):
    """A style image (N, 3, h, w) in [0, 1] -> its code (N, K), from the means and deviations at five scales."""

    def __init__(self, sizes: BriskSizes, code_size: int) -> None:
        super().__init__()
        widths = (12, *sizes.style)
        self.convs = nn.ModuleList(
            Conv(inputs, outputs, stride=1 if i == 0 else 2) for i, (inputs, outputs) in enumerate(pairwise(widths))
        )
        self.embed = nn.Linear(2 * sum(sizes.style), sizes.embedding)
        self.predict = nn.Linear(sizes.embedding, code_size)

    def embedding(self, style: Tensor) -> Tensor:
        """The style in `embedding` numbers, (N, E)."""
        x = F.pixel_unshuffle(2 * style - 1, 2)
        pooled = []
        for conv in self.convs:
            x = F.leaky_relu(conv(x), 0.1)  # (N, C, h/2ᵏ, w/2ᵏ)
            deviation, mean = torch.std_mean(x, dim=(2, 3), correction=0)
            pooled += [mean, deviation]
        return F.leaky_relu(self.embed(torch.cat(pooled, 1)), 0.1)

    def forward(self, style: Tensor) -> Tensor:
        return self.predict(self.embedding(style))


class Brisk(StyleNet):
    """The transformer with its style encoder.

    A code is one tensor (1, K). `strength` blends pixels with the content.
    """

    stride: ClassVar[int] = Transformer.STRIDE
    STYLE_SIDE: ClassVar[int] = 256
    """Short side, in pixels, at which the net was trained to see a style."""

    def __init__(self, sizes: BriskSizes | None = None) -> None:
        super().__init__()
        self.sizes = sizes or BriskSizes()
        self.transformer = Transformer(self.sizes)
        self.style_encoder = StyleEncoder(self.sizes, self.transformer.code_size)
        self._start_neutral()

    def _start_neutral(self) -> None:
        """Untrained, every style asks for scale 1 and shift 0."""
        nn.init.normal_(self.style_encoder.predict.weight, std=0.02)
        bias, at = self.style_encoder.predict.bias, 0
        with torch.no_grad():
            bias.zero_()
            for module in self.transformer.modules():
                if isinstance(module, Modulate):
                    bias[at : at + module.channels] = 1.0
                    at += 2 * module.channels

    def encode_style(self, image: Tensor | None = None) -> StyleCode:
        if image is None:
            raise ValueError("brisk needs a style image")
        return (self.style_encoder(pad_to_stride(image, 2)),)

    def forward(self, frames: Tensor, code: StyleCode, strength: float = 1.0) -> Tensor:
        margin = Transformer.MARGIN
        painted = self.transformer(pad_to_stride(frames, self.stride, margin), code[0])
        return blend(frames, crop(painted, frames, margin), strength)

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Tensor]) -> Brisk:
        """A net with the sizes that the tensors have."""

        def out(key: str) -> int:
            return state[f"{key}.weight"].shape[0]

        blocks = len({key.split(".")[2] for key in state if key.startswith("transformer.blocks.")})
        convs = len({key.split(".")[2] for key in state if key.startswith("style_encoder.convs.")})
        net = cls(
            BriskSizes(
                quarter=out("transformer.down4"),
                eighth=out("transformer.down8"),
                blocks=blocks,
                style=tuple(out(f"style_encoder.convs.{i}") for i in range(convs)),
                embedding=out("style_encoder.embed"),
            )
        )
        net.load_state_dict(dict(state))
        return net
