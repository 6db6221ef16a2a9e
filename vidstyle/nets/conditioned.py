"""Nets whose normalisations are scaled and shifted by what a style encoder predicts.

The style encoder runs once per style, so it may be larger than the frame path and costs a frame nothing.

Sources: Dumoulin et al. 2017 (conditional instance normalisation, eq. 5); Ghiasi et al. 2017 (its scales and shifts
predicted from a style image); Huang & Belongie 2017 (statistics as style).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .layered import Layered, LayeredNet
from .padding import crop, pad_to_stride
from .protocol import StyleCode, blend
from .statistics import instance_norm, whole
from .vgg import VGG
from .weights import count, fill, outputs

__all__ = ["ConditionedNet", "Conv", "FramePath", "Modulate", "StyleEncoder", "StyleReader", "Up"]
FLAT = 1 / 255
"""Contrast, from the least to the largest value of a first channel, at which scales are halved."""


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
        x = instance_norm(x) * scale[..., None, None] + shift[..., None, None]
        return F.relu(x) if self.relu else x


class StyleReader:
    """Hands the scales and shifts of a flat code to the modulations, in the order in which they run.

    Scales vanish for frames without any contrast, of whose rounding errors a chain of normalisations would make a
    picture. `first`, (N, C, h, w), is what the first convolution says of the frames; every second of its windows still
    sees every pixel.
    """

    def __init__(self, code: Tensor, first: Tensor) -> None:
        self.code = code
        self.at = 0
        (contrast,) = whole(lambda: (_contrast(first[..., ::2, ::2].detach()),))
        self.gate = contrast / (contrast + FLAT**2)

    def __call__(self, modulate: Modulate, x: Tensor) -> Tensor:
        scale = self.gate * self.code[:, self.at : self.at + modulate.channels]
        shift = self.code[:, self.at + modulate.channels : self.at + 2 * modulate.channels]
        self.at += 2 * modulate.channels
        return modulate(x, scale, shift)


def _contrast(seen: Tensor) -> Tensor:
    """(N, C, h, w) -> squares of the largest range of a channel, (N, 1)."""
    return (seen.amax((2, 3)) - seen.amin((2, 3))).amax(1, keepdim=True).square()


class FramePath(Layered):
    """What works on every frame, in the style of a code."""

    TIES: ClassVar[Mapping[str, tuple[str, str]]]
    """As `ties`: the sizes of the frame that channels go from and to."""

    @property
    def ties(self) -> Mapping[str, tuple[str, str]]:
        return self.TIES

    @property
    def code_size(self) -> int:
        """K: two numbers, scale and shift, for every modulated channel."""
        return 2 * sum(module.channels for module in self.modules() if isinstance(module, Modulate))

    @abstractmethod
    def forward(self, frames: Tensor, code: Tensor) -> Tensor:
        """(N, 3, H + 2·margin, W + 2·margin) in [0, 1] and a code (N or 1, K) -> same shape, still with the margin.

        H and W are multiples of the net's stride.
        """


class Up(nn.Module):
    """Twice the size: 1×1, bilinear, a skip if there is one, 3×3, modulated.

    Bilinear, for sub-pixel convolutions could paint a grid where the frame is flat.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.narrow, self.smooth = Conv(inputs, outputs, 1), Conv(outputs, outputs)
        self.modulate = Modulate(outputs)

    def forward(self, x: Tensor, style: StyleReader, skip: Tensor | None = None) -> Tensor:
        x = F.interpolate(self.narrow(x), scale_factor=2, mode="bilinear", align_corners=False)
        return style(self.modulate, self.smooth(x if skip is None else x + skip))


class StyleEncoder(nn.Module):
    """A style image (N, 3, h, w) in [0, 1] -> its code (N, K), from what a perceptual encoder sees in it.

    The encoder, `trunk`, does not learn. Its statistics are what the style's loss is about, so what is to be learnt is
    small: from statistics to scales and shifts. embedding: numbers that the code is predicted from.
    """

    centre: Tensor
    spread: Tensor

    def __init__(self, trunk: VGG, embedding: int, code_size: int) -> None:
        super().__init__()
        self.trunk = trunk.requires_grad_(False)
        size = 2 * sum(trunk.channels(tap) for tap in trunk.taps)
        self.register_buffer("centre", torch.zeros(size))
        self.register_buffer("spread", torch.ones(size))
        self.embed = nn.Linear(size, embedding)
        self.predict = nn.Linear(embedding, code_size)

    @torch.no_grad()
    def see(self, style: Tensor) -> Tensor:
        """Logarithms of every channel's mean and deviation at the trunk's taps, (N, S)."""
        seen = []
        for features in self.trunk(style).values():
            x = features.float()
            mean = x.mean((2, 3))
            # A CPU takes many times as long for torch.std.
            seen += [mean, ((x * x).mean((2, 3)) - mean * mean).clamp_min(0).sqrt()]
        return (torch.cat(seen, 1) + 0.02).log()

    @torch.no_grad()
    def begin(self, trunk: VGG, styles: Iterable[Tensor]) -> None:
        """Look with the weights of `trunk` from now on; what it sees in batches of `styles` is to have unit spread."""
        fill(self.trunk, {key: value for key, value in trunk.state_dict().items() if ".project." not in key})
        seen = torch.cat([self.see(batch) for batch in styles])
        spread, centre = torch.std_mean(seen, dim=0, correction=0)
        self.centre.copy_(centre)
        self.spread.copy_(spread.clamp_min(0.1))

    def forward(self, style: Tensor) -> Tensor:
        # A style unlike all that training saw must not shout down the rest of its code.
        seen = ((self.see(style) - self.centre) / self.spread).clamp(-5, 5)
        return self.predict(F.leaky_relu(self.embed(seen), 0.1))


class ConditionedNet(LayeredNet):
    """A frame path with its style encoder.

    A code is one tensor (1, K). `strength` blends pixels with the content. A kind of net names its `Sizes` (with the
    fields `trunk` and `embedding`), its `Path`, and where in the path each other size is seen: as the outputs of a
    layer, or as the length of a list.
    """

    Sizes: ClassVar[type]
    Path: ClassVar[type[FramePath]]
    LAYERS: ClassVar[Mapping[str, str]]
    LISTS: ClassVar[Mapping[str, str]]
    STYLE_SIDE: ClassVar[int] = 256
    """Short side, in pixels, at which the net sees a style unless asked otherwise."""

    def __init__(self, sizes: Any = None) -> None:
        super().__init__()
        self.sizes = sizes = sizes or self.Sizes()
        self.transformer = self.Path(sizes)
        trunk = VGG.slim(sizes.trunk, lifted=False)
        self.style_encoder = StyleEncoder(trunk, sizes.embedding, self.transformer.code_size)
        self.register_buffer("ranges", None)
        self._start_neutral()

    @property
    def path(self) -> FramePath:
        return self.transformer

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Tensor]) -> ConditionedNet:
        """A net with the sizes that the tensors have."""
        sizes = {field: outputs(state, f"transformer.{layer}") for field, layer in cls.LAYERS.items()}
        sizes |= {field: count(state, f"transformer.{name}.") for field, name in cls.LISTS.items()}
        trunk = tuple(outputs(state, f"style_encoder.trunk.conv{block}_1") for block in range(1, 6))
        with torch.device("meta"):
            net = cls(cls.Sizes(**sizes, trunk=trunk, embedding=outputs(state, "style_encoder.embed")))
        net.expect_ranges(state)
        fill(net, state)
        return net

    def _start_neutral(self) -> None:
        """Untrained, every style asks for scale 1 and shift 0."""
        weight, bias, at = self.style_encoder.predict.weight, self.style_encoder.predict.bias, 0
        if weight.is_meta:
            return  # its weights come later, and PyTorch would import its compiler for this
        nn.init.normal_(weight, std=0.02)
        with torch.no_grad():
            bias.zero_()
            for module in self.transformer.modules():
                if isinstance(module, Modulate):
                    bias[at : at + module.channels] = 1.0
                    at += 2 * module.channels

    def encode_style(self, image: Tensor | None = None) -> StyleCode:
        if image is None:
            raise ValueError("the net needs a style image")
        return (self.style_encoder(image),)

    def forward(self, frames: Tensor, code: StyleCode, strength: float = 1.0) -> Tensor:
        return self.painted_by(self.transformer, frames, code, strength)

    def painted_by(self, path: Callable[..., Tensor], frames: Tensor, code: StyleCode, strength: float) -> Tensor:
        margin = self.transformer.margin
        # Two cells at least: there is nothing to normalise in one.
        painted = path(pad_to_stride(frames, self.stride, margin, least=2), code[0])
        return blend(frames, crop(painted, frames, margin), strength)
