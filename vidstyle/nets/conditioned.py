"""Nets whose normalisations are scaled and shifted by what a style encoder predicts.

The style encoder runs once per style, so it may be larger than the frame path and costs a frame nothing.

Sources: Dumoulin et al. 2017 (conditional instance normalisation, eq. 5); Ghiasi et al. 2017 (its scales and shifts
predicted from a style image); Huang & Belongie 2017 (statistics as style).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .padding import crop, pad_to_stride
from .protocol import StyleCode, StyleNet, blend
from .weights import count, outputs

__all__ = ["ConditionedNet", "Conv", "FramePath", "Modulate", "StyleEncoder", "StyleReader"]


class Conv(nn.Conv2d):
    """A convolution that keeps the size; borders repeat, so that a frame gets no dark rim."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, kernel // 2, padding_mode="replicate")


class Modulate(nn.Module):
    """Instance normalisation, then the style's scale and shift of every channel, then, if asked for, ReLU."""

    def __init__(self, channels: int, relu: bool = True) -> None:
        super().__init__()
        self.channels = channels
        self.relu = relu

    def forward(self, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        x = F.instance_norm(x) * scale[..., None, None] + shift[..., None, None]
        return F.relu(x) if self.relu else x


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


class FramePath(nn.Module, ABC):
    """What works on every frame; a graph runtime may take its place."""

    MARGIN: ClassVar[int] = 0
    STRIDE: ClassVar[int] = 8

    @property
    def code_size(self) -> int:
        """K: two numbers, scale and shift, for every modulated channel."""
        return 2 * sum(module.channels for module in self.modules() if isinstance(module, Modulate))

    @property
    def example(self) -> tuple[Tensor, Tensor]:
        """Inputs of the right shapes, for tracing."""
        side = 64 + 2 * self.MARGIN
        return torch.rand(1, 3, side, side), torch.ones(1, self.code_size)

    @abstractmethod
    def forward(self, frames: Tensor, code: Tensor) -> Tensor:
        """(N, 3, H + 2·MARGIN, W + 2·MARGIN) in [0, 1] and a code (N or 1, K) -> same shape, still with the margin.

        H and W are multiples of STRIDE.
        """


class StyleEncoder(nn.Module):
    """A style image (N, 3, h, w) in [0, 1] -> its code (N, K), from means and deviations at several scales.

    widths: channels at 1/2, 1/4, 1/8 … of the style's size. embedding: numbers that the code is predicted from.
    """

    def __init__(self, widths: tuple[int, ...], embedding: int, code_size: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            Conv(inputs, outputs, stride=1 if i == 0 else 2)
            for i, (inputs, outputs) in enumerate(pairwise((12, *widths)))
        )
        self.embed = nn.Linear(2 * sum(widths), embedding)
        self.predict = nn.Linear(embedding, code_size)

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


class ConditionedNet(StyleNet):
    """A frame path with its style encoder.

    A code is one tensor (1, K). `strength` blends pixels with the content. A kind of net names its `Sizes` (with the
    fields `style` and `embedding`), its `Path`, and where in the path each other size is seen: as the outputs of a
    layer, or as the length of a list.
    """

    Sizes: ClassVar[type]
    Path: ClassVar[type[FramePath]]
    LAYERS: ClassVar[Mapping[str, str]]
    LISTS: ClassVar[Mapping[str, str]]
    STYLE_SIDE: ClassVar[int] = 256
    """Short side, in pixels, at which the net was trained to see a style."""

    def __init__(self, sizes: Any = None) -> None:
        super().__init__()
        self.sizes = sizes = sizes or self.Sizes()
        self.transformer = self.Path(sizes)
        self.style_encoder = StyleEncoder(sizes.style, sizes.embedding, self.transformer.code_size)
        self._start_neutral()

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Tensor]) -> ConditionedNet:
        """A net with the sizes that the tensors have."""
        sizes = {field: outputs(state, f"transformer.{layer}") for field, layer in cls.LAYERS.items()}
        sizes |= {field: count(state, f"transformer.{name}.") for field, name in cls.LISTS.items()}
        style = tuple(outputs(state, f"style_encoder.convs.{i}") for i in range(count(state, "style_encoder.convs.")))
        net = cls(cls.Sizes(**sizes, style=style, embedding=outputs(state, "style_encoder.embed")))
        net.load_state_dict(dict(state))
        return net

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
            raise ValueError("the net needs a style image")
        return (self.style_encoder(pad_to_stride(image, 2)),)

    def forward(self, frames: Tensor, code: StyleCode, strength: float = 1.0) -> Tensor:
        return self.painted_by(self.transformer, frames, code, strength)

    def painted_by(
        self, path: Callable[[Tensor, Tensor], Tensor], frames: Tensor, code: StyleCode, strength: float
    ) -> Tensor:
        """`forward` with the frame path or whatever runs it."""
        stride, margin = self.Path.STRIDE, self.Path.MARGIN
        painted = path(pad_to_stride(frames, stride, margin), code[0])
        return blend(frames, crop(painted, frames, margin), strength)
