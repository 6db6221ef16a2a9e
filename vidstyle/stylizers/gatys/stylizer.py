"""Gatys' method as a way of stylizing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.errors import InputError, OptionError, OutOfMemory
from vidstyle.perception import load_perceptual
from vidstyle.runtime.memory import release
from vidstyle.stylizers.code import StyleCode
from vidstyle.stylizers.painter import Painter

from .descent import descend, sizes
from .energy import CONTENT_LAYER, STYLE_LAYERS, Energy, grams
from .held import Held
from .options import GatysOptions
from .tiles import SMALLEST as SMALLEST_TILE

__all__ = ["GRAMS", "Gatys"]

LEVELS = 4
"""Sizes at which a style is seen, each half the one before: the coarser a picture, the smaller its style."""
GRAMS = LEVELS * len(STYLE_LAYERS)
"""Matrices in a style's code."""
WARM = 2
"""Sizes that a picture goes through that begins as a painting."""
SMALLEST = 32
"""Side of the smallest pictures that the encoder halves four times."""
COARSEST = {"noise": 128, "content": 256}
"""Short side of the coarsest pictures, by what they begin as."""
AT_FIRST, BEGINNING = 4, 0.1
"""The content counts so many times as much in such a share of a picture's steps. It begins as the content, where only
style pulls, and what the first long steps lose of its shapes, later ones do not bring back."""


class Gatys(Painter):
    """Optimizes the pixels of every frame; slow, and as good as the encoder. Source: Gatys, Ecker, Bethge 2016.

    encoder: as for `load_perceptual`. device, flow: see `Painter`. on_step: receives how far a frame is, from 0 to 1,
    and its energy. precision: of the features: fp32, bf16, or auto, which is bf16 on a GPU; OptionError for others.
    tile: side in pixels, from 256, of the pieces that the encoder looks at a larger frame by, which changes nothing but
    memory and time; without it, a frame is taken to pieces only where it does not fit, and `note` says so.
    """

    name: str = "gatys"
    runtime: str = "pytorch"
    batches: ClassVar[bool] = False

    def __init__(
        self,
        options: GatysOptions | None = None,
        encoder: str | Path = "glance",
        device: str = "auto",
        flow: str = "auto",
        on_step: Callable[[float, float], None] = lambda share, energy: None,
        precision: str = "auto",
        tile: int | None = None,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        super().__init__(device, flow)
        if precision not in ("auto", "fp32", "bf16"):
            raise OptionError(f"Gatys' method does not compute in {precision}; choose auto, fp32 or bf16")
        if tile is not None and tile < SMALLEST_TILE:
            raise OptionError(f"tiles of {tile} pixels are too small; give at least {SMALLEST_TILE}")
        self.tile, self.note = tile, note
        # GPUs before Ampere only imitate it.
        fast = self.device.type == "cuda" and torch.cuda.get_device_capability(self.device)[0] >= 8
        self.half = precision == "bf16" or (precision == "auto" and fast)
        self.options = options or GatysOptions()
        self.encoder = load_perceptual(encoder).to(self.device)
        lacking = {CONTENT_LAYER, *STYLE_LAYERS} - {f"relu{layer}" for layer in self.encoder.deep.layers}
        if lacking:
            raise InputError(f"the encoder {encoder} has no {min(lacking)}; give one that reaches relu5_1")
        self.on_step = on_step

    @torch.no_grad()
    def encode(self, picture: Tensor) -> tuple[Tensor, ...]:
        """Gram matrices at STYLE_LAYERS, of the picture and of ever smaller ones."""
        found: tuple[Tensor, ...] = ()
        for level in range(LEVELS):
            height, width = (max(SMALLEST, side >> level) for side in picture.shape[-2:])
            found += grams(self.encoder, _resized(picture, (height, width)))
        return found

    def paint(self, frames: Tensor, code: StyleCode) -> Tensor:
        painted = torch.cat([self.optimized(frame, code) for frame in frames.float().split(1)])
        return frames.lerp(painted.to(frames.dtype), code.strength)

    def optimized(
        self, frame: Tensor, code: StyleCode, held: Held | None = None, begun: Tensor | None = None
    ) -> Tensor:
        """A frame (1, 3, H, W) at full strength. It begins as what is held and stays near to it.

        begun: its painting so far, to go on from at full size. OutOfMemory where it does not fit the device.
        """
        while True:
            try:
                return self._optimized(frame, code, held, begun)
            except torch.OutOfMemoryError:
                pass
            # Outside the handler: the exception holds on to the tensors that did not fit.
            release(frame.device)
            side = min(self.tile or max(frame.shape[-2:]), *frame.shape[-2:])
            if side <= SMALLEST_TILE:
                raise OutOfMemory("a frame does not fit the device's memory; give --max-side or --device cpu")
            self.tile = max(SMALLEST_TILE, side // 2)
            self.note(f"a frame does not fit the device's memory; looking at pieces of {self.tile} pixels")

    def _optimized(self, frame: Tensor, code: StyleCode, held: Held | None, begun: Tensor | None) -> Tensor:
        height, width = (max(SMALLEST, side) for side in frame.shape[-2:])
        whole = _resized(frame, (height, width))
        most = LEVELS if held is None else WARM
        coarsest = self.options.coarsest or COARSEST[self.options.init]
        stages = sizes(height, width, coarsest)[-(most if begun is None else 1) :]
        picture = torch.rand_like(whole) if self.options.init == "noise" else whole
        if begun is not None:
            picture = _resized(begun, (height, width))
        elif held:
            picture = picture.lerp(_resized(held.picture, (height, width)), _resized(held.trust, (height, width)))
        for number, size in enumerate(stages):
            level = len(stages) - 1 - number
            style = code.tensors[level * len(STYLE_LAYERS) : (level + 1) * len(STYLE_LAYERS)]
            near = (_resized(held.picture, size), _resized(held.trust, size)) if held else None
            energy = Energy(self.encoder, self.options, _resized(whole, size), style, near, self.half, self.tile)
            picture = _resized(picture, size)
            before, steps = number * self.options.steps, self.options.steps
            with torch.enable_grad():
                if number == 0 and begun is held is None and (first := round(BEGINNING * steps)):
                    told = partial(self._tell, len(stages), before)
                    picture = descend(_firmer(energy), picture, first, self.options.optimizer, told)
                    before, steps = before + first, steps - first
                told = partial(self._tell, len(stages), before)
                picture = descend(energy, picture, steps, self.options.optimizer, told)
        return _resized(picture, (frame.shape[-2], frame.shape[-1]))

    def _tell(self, stages: int, before: int, step: int, energy: float) -> None:
        self.on_step(min(1.0, (before + step) / (stages * self.options.steps)), energy)


def _firmer(energy: Energy) -> Energy:
    return replace(energy, options=replace(energy.options, content=AT_FIRST * energy.options.content))


def _resized(picture: Tensor, size: tuple[int, int]) -> Tensor:
    if tuple(picture.shape[-2:]) == size:
        return picture
    return F.interpolate(picture, size, mode="bicubic", antialias=True, align_corners=False).clamp(0, 1)
