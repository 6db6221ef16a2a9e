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

    half: int = 16
    """Channels at 1/2 of the frame's size."""
    quarter: int = 32
    """Channels at 1/4."""
    eighth: int = 96
    """Channels at 1/8, where most of the work is."""
    bottleneck: int = 64
    """Channels inside a block."""
    blocks: int = 3
    style: tuple[int, ...] = (32, 64, 128, 192, 192)
    """Channels of the style encoder at 1/2, 1/4, 1/8, 1/16, 1/32 of the style's size."""
    embedding: int = 320


class Conv(nn.Conv2d):
    """A convolution that keeps the size; borders repeat, so that a frame gets no dark rim."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, kernel // 2, padding_mode="replicate")


class Modulate(nn.Module):
    """Scale and shift channels by the style's prediction, after instance normalisation or without it.

    Near full resolution the normalisation is left out: it reads every pixel twice and changes little.
    """

    def __init__(self, channels: int, normalise: bool = True) -> None:
        super().__init__()
        self.channels = channels
        self.normalise = normalise

    def forward(self, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        if self.normalise:
            x = F.instance_norm(x)
        return F.relu(x * scale[..., None, None] + shift[..., None, None])


class Block(nn.Module):
    """A residual bottleneck: 1×1 in, 3×3, 1×1 out, both inner layers modulated."""

    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        self.squeeze = Conv(channels, inner, 1)
        self.mix = Conv(inner, inner)
        self.expand = Conv(inner, channels, 1)
        self.modulate1 = Modulate(inner)
        self.modulate2 = Modulate(inner)

    def forward(self, x: Tensor, style: StyleReader) -> Tensor:
        y = style(self.modulate1, self.squeeze(x))
        y = style(self.modulate2, self.mix(y))
        return x + self.expand(y)


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
    """The frame path. frames (N, 3, H, W) in [0, 1], H and W multiples of 8; code (N or 1, K) -> (N, 3, H, W)."""

    def __init__(self, sizes: BriskSizes) -> None:
        super().__init__()
        half, quarter, eighth = sizes.half, sizes.quarter, sizes.eighth
        self.down2, self.at2 = Conv(12, half), Modulate(half, normalise=False)
        self.down4, self.at4 = Conv(half, quarter, stride=2), Modulate(quarter)
        self.down8, self.at8 = Conv(quarter, eighth, stride=2), Modulate(eighth)
        self.blocks = nn.ModuleList(Block(eighth, sizes.bottleneck) for _ in range(sizes.blocks))
        self.up4, self.smooth4, self.back4 = Conv(eighth, 4 * quarter, 1), Conv(quarter, quarter), Modulate(quarter)
        self.up2, self.smooth2 = Conv(quarter, 4 * half, 1), Conv(half, half)
        self.back2 = Modulate(half, normalise=False)
        self.out = Conv(half, 12)

    @property
    def code_size(self) -> int:
        """K: two numbers, scale and shift, for every modulated channel."""
        return 2 * sum(module.channels for module in self.modules() if isinstance(module, Modulate))

    def forward(self, frames: Tensor, code: Tensor) -> Tensor:
        style = StyleReader(code)
        x2 = style(self.at2, self.down2(F.pixel_unshuffle(frames, 2)))  # (N, half, H/2, W/2)
        x4 = style(self.at4, self.down4(x2))  # (N, quarter, H/4, W/4)
        x = style(self.at8, self.down8(x4))  # (N, eighth, H/8, W/8)
        for block in self.blocks:
            x = block(x, style)
        x = F.pixel_shuffle(self.up4(x), 2) + x4  # (N, quarter, H/4, W/4)
        x = style(self.back4, self.smooth4(x))
        x = F.pixel_shuffle(self.up2(x), 2) + x2  # (N, half, H/2, W/2)
        x = style(self.back2, self.smooth2(x))
        return torch.sigmoid(F.pixel_shuffle(self.out(x), 2))  # (N, 3, H, W)


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

    stride: ClassVar[int] = 8
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
        painted = crop(self.transformer(pad_to_stride(frames, self.stride), code[0]), frames)
        return blend(frames, painted, strength)

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Tensor]) -> Brisk:
        """A net with the sizes that the tensors have."""

        def out(key: str) -> int:
            return state[f"{key}.weight"].shape[0]

        blocks = len({key.split(".")[2] for key in state if key.startswith("transformer.blocks.")})
        convs = len({key.split(".")[2] for key in state if key.startswith("style_encoder.convs.")})
        net = cls(
            BriskSizes(
                half=out("transformer.down2"),
                quarter=out("transformer.down4"),
                eighth=out("transformer.down8"),
                bottleneck=out("transformer.blocks.0.squeeze"),
                blocks=blocks,
                style=tuple(out(f"style_encoder.convs.{i}") for i in range(convs)),
                embedding=out("style_encoder.embed"),
            )
        )
        net.load_state_dict(dict(state))
        return net
