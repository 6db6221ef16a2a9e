"""Stylize with a feed-forward network: AdaIN-type nets, or nets with one style in their weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from vidstyle.errors import OptionError, OutOfMemory, StyleError
from vidstyle.nets.protocol import mix
from vidstyle.pictures import load_image
from vidstyle.runtime.choice import engines, fastest
from vidstyle.runtime.device import pick_device, pick_precision
from vidstyle.runtime.memory import Thrifty
from vidstyle.styles import Style, find_style
from vidstyle.temporal.flow import FLOWS
from vidstyle.temporal.memory import ClipMemory
from vidstyle.temporal.stabiliser import Stabiliser
from vidstyle.zoo import load

from .color import keep_color
from .protocol import StyleCode

__all__ = ["StyleInput", "Stylizer"]

StyleInput = str | Path | Image.Image | Tensor
"""A built-in style's name, a picture file, a PIL image, or a tensor (1, 3, h, w) in [0, 1]."""

DEFAULT_STYLE_SIDE = 512


class Stylizer:
    """A model on a device, ready to paint.

    model: a built-in name or a checkpoint file. device: auto, cpu, cuda or mps. precision: auto, fp32, fp16 or bf16.
    runtime: auto, openvino, onnxruntime or pytorch. flow: what finds motion for a ClipMemory, one of
    `temporal.flow.FLOWS`; auto is what its level has on a CPU, and Lucas–Kanade on a GPU. `note` receives one-line
    remarks.
    """

    def __init__(
        self,
        model: str | Path = "brisk",
        device: str = "auto",
        precision: str = "auto",
        runtime: str = "auto",
        note: Callable[[str], None] = lambda text: None,
        flow: str = "auto",
    ) -> None:
        if flow not in FLOWS:
            raise OptionError(f"no flow is called {flow}; choose {', '.join(FLOWS)}")
        self.device = pick_device(device)
        dtype = pick_precision(precision, self.device)
        self.model = load(model)
        self.net = self.model.net.to(self.device)
        self.engines = engines(self.net, self.device, dtype, runtime)
        self.engine = self.engines[0]
        self.flow = flow
        self._thrifty = Thrifty(note)
        self._stabilisers: dict[str, Stabiliser] = {}

    @property
    def fixed_style(self) -> bool:
        """The model has one style, which is in its weights; it takes no style picture."""
        return self.net.fixed_style

    def encode_style(
        self,
        style: StyleInput | Style | Iterable[tuple[StyleInput, float]] | None,
        *,
        strength: float = 1.0,
        keep_color: bool = False,
        size: int | None = None,
    ) -> StyleCode:
        """The code of a style; compute it once and use it for every frame.

        style: a picture (see StyleInput), several with weights, a `Style` (which brings its own strength, keep_color
        and size), or None for a model with a fixed style. strength: 0 (the content) to 1. keep_color: the content's
        chrominance stays. size: short side in pixels at which the net sees the style. StyleError for a bad picture.
        """
        if isinstance(style, Style):
            weighted: list[tuple[StyleInput, float]] = list(style.images)
            strength, keep_color, size = style.strength, style.keep_color, style.size
        elif style is None:
            weighted = []
        elif isinstance(style, (str, Path, Image.Image, Tensor)):
            weighted = [(style, 1.0)]
        else:
            weighted = list(style)
        # Checks the numbers and scales the weights to sum to one.
        checked = Style(tuple((Path(), weight) for _, weight in weighted), strength, keep_color, size)
        if self.fixed_style:
            return StyleCode((), strength, keep_color)
        if not weighted:
            raise StyleError(f"{self.model.card.name} paints in the style of a picture; give one with --style")
        side = size or int(getattr(self.net, "STYLE_SIDE", DEFAULT_STYLE_SIDE))
        with torch.inference_mode():
            codes = [self._encode(_picture(picture), side) for picture, _ in weighted]
            tensors = mix(codes, [weight for _, weight in checked.images])
        return StyleCode(tensors, strength, keep_color)

    def _encode(self, picture: Tensor, side: int) -> tuple[Tensor, ...]:
        height, width = picture.shape[-2:]
        # At least 32 pixels each way: encoders halve the picture up to five times.
        scale = side / min(height, width)
        size = max(32, round(height * scale)), max(32, round(width * scale))
        if max(size) > 8 * side:
            raise StyleError(f"a style picture of {width}×{height} is too narrow; crop it to a usual shape")
        resized = F.interpolate(picture, size, mode="bicubic", antialias=True, align_corners=False).clamp(0, 1)
        weight = next(self.net.parameters())
        return tuple(t.float() for t in self.net.encode_style(resized.to(weight.device, weight.dtype)))

    def tune(self, code: StyleCode, height: int, width: int) -> str:
        """Measure the runtimes that are there on one frame of that size, keep the fastest, and return its name."""
        if code.strength > 0:
            self.engine = fastest(self.engines, code.tensors, height, width)
        return self.engine.name

    def __call__(
        self, frames: Tensor, code: StyleCode, memory: ClipMemory | None = None, index: int | None = None
    ) -> Tensor:
        """Paint frames.

        frames: (N, 3, H, W), floating point in [0, 1], any size from 16×16. Returns the same shape on the stylizer's
        device, clamped to [0, 1]. OutOfMemory where not even a tile of a frame fits the device.

        With the memory of a clip, frames are its next ones, and their paintings are steady. Where its level looks
        ahead, what comes back is as many frames as are finished, in order; `finish` hands out the last. index: number
        of the first frame in the clip, where frames may have been dropped or another place sought.
        """
        if frames.ndim != 4 or frames.shape[1] != 3 or not frames.is_floating_point():
            raise ValueError(f"frames must be floating point (N, 3, H, W), got {frames.dtype} {tuple(frames.shape)}")
        frames = frames.to(self.device)
        painted = self._thrifty(partial(self._paint, code), frames) if code.strength else frames.clamp(0, 1)
        return painted if memory is None else self._steadied(frames, painted, memory, index)

    @torch.no_grad()
    def _steadied(self, frames: Tensor, painted: Tensor, memory: ClipMemory, index: int | None) -> Tensor:
        stabiliser, finished = self._stabiliser(memory.level), []
        where = self._steadied_on
        for number, pair in enumerate(zip(frames.split(1), painted.split(1), strict=True)):
            content, painting = (picture.to(where, torch.float32) for picture in pair)
            # A value that half precision could not hold would stay until the next cut.
            painting = painting.nan_to_num() if painted.device.type != "cpu" else painting
            try:
                finished += stabiliser(content, painting, memory, None if index is None else index + number)
            except torch.OutOfMemoryError:
                raise OutOfMemory(
                    "a clip's memory does not fit the device; give --temporal off or --max-side"
                ) from None
        whole = finished[0] if len(finished) == 1 else torch.cat(finished or [painted[:0]])
        return whole.to(painted.device, painted.dtype)

    def finish(self, memory: ClipMemory) -> list[Tensor]:
        """The frames (1, 3, H, W) of a clip that are still to come when it has ended; the memory is empty then."""
        return [frame.to(self.device) for frame in self._stabiliser(memory.level).finish(memory)]

    @property
    def _steadied_on(self) -> torch.device:
        # Not every PyTorch can warp on Apple's GPUs.
        return torch.device("cpu") if self.device.type == "mps" else self.device

    def _stabiliser(self, level: str) -> Stabiliser:
        if level not in self._stabilisers:
            self._stabilisers[level] = Stabiliser(level, self._steadied_on, self.flow)
        return self._stabilisers[level]

    def _paint(self, code: StyleCode, frames: Tensor) -> Tensor:
        painted = self.engine(frames, code.tensors, code.strength)
        if code.keep_color:
            painted = keep_color(painted, frames)
        return painted.clamp_(0, 1)


def _picture(style: StyleInput) -> Tensor:
    """A style picture as (1, 3, h, w) in [0, 1]."""
    if isinstance(style, Tensor):
        if style.ndim != 4 or style.shape[:2] != (1, 3) or not style.is_floating_point():
            raise StyleError(f"a style tensor must be floating point (1, 3, h, w), got {tuple(style.shape)}")
        return style.float()
    pixels = np.asarray(style.convert("RGB")) if isinstance(style, Image.Image) else load_image(find_style(style))
    return torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None].float() / 255
