"""What every way of stylizing has in common: how styles are given, and how paintings are kept steady."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from vidstyle.errors import OptionError, OutOfMemory, StyleError
from vidstyle.nets.protocol import mix
from vidstyle.pictures import load_image, short_side
from vidstyle.runtime.device import pick_device
from vidstyle.styles import Imagined, Style, find_style
from vidstyle.temporal.flow import FLOWS
from vidstyle.temporal.memory import ClipMemory
from vidstyle.temporal.stabiliser import Seen, Stabiliser
from vidstyle.zoo.generators import imagine, load_generator

from .code import StyleCode
from .color import keep_color

__all__ = ["Painter", "StyleInput"]

StyleInput = str | Path | Image.Image | Tensor
"""A built-in style's name, a picture file, `dcgan:SEED`, a PIL image, or a tensor (1, 3, h, w) in [0, 1]."""


class Painter(ABC):
    """A way of stylizing, on a device.

    `name`: what it is called in file names; `runtime`: what computes.
    """

    fixed_style: bool = False
    """It has one style of its own and takes no style picture."""
    style_kind: str = "a picture"
    """What a style is given as."""
    style_side: int = 512
    """Short side, in pixels, at which it sees a style unless asked otherwise."""
    batches: ClassVar[bool] = True
    """Several frames at once are painted faster than one by one, where there is a GPU."""
    name: str
    runtime: str

    def __init__(self, device: str = "auto", flow: str = "auto") -> None:
        """device: auto, cpu, cuda or mps. flow: what finds motion for a ClipMemory, one of `temporal.flow.FLOWS`; auto
        is what its level has."""
        if flow not in FLOWS:
            raise OptionError(f"no flow is called {flow}; choose {', '.join(FLOWS)}")
        self.device = pick_device(device)
        self.flow = flow
        self._stabilisers: dict[str, Stabiliser] = {}

    @abstractmethod
    def encode(self, picture: Tensor) -> tuple[Tensor, ...]:
        """What there is to know of a style picture (1, 3, h, w) in [0, 1]; such codes mix linearly."""

    @abstractmethod
    def paint(self, frames: Tensor, code: StyleCode) -> Tensor:
        """Frames (N, 3, H, W) in [0, 1] at the code's strength, which is above 0; the caller's own."""

    def tune(self, code: StyleCode, height: int, width: int) -> str:
        """Find out what computes fastest for frames of that size, and return its name."""
        return self.runtime

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
        chrominance stays. size: short side in pixels at which the style is seen. StyleError for a bad picture.
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
            raise StyleError(f"{self.name} paints in the style of {self.style_kind}; give one with --style")
        codes = [self.encode_one(given, size or self.style_side) for given, _ in weighted]
        return StyleCode(mix(codes, [weight for _, weight in checked.images]), strength, keep_color)

    def encode_one(self, style: StyleInput, side: int) -> tuple[Tensor, ...]:
        """The code of one style, seen with `side` pixels at its short side."""
        return self.encode(short_side(_picture(style), side).to(self.device))

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
        seen = self.look(frames, memory)
        painted = self.finished(self.paint(frames, code), frames, code) if code.strength else frames.clamp(0, 1)
        return painted if memory is None else self.steadied(seen, painted, memory, index)

    def finished(self, painted: Tensor, frames: Tensor, code: StyleCode) -> Tensor:
        """Paintings (N, 3, H, W), which it may change, with the frames' colours where the code says so, in [0, 1]."""
        return (keep_color(painted, frames) if code.keep_color else painted).clamp_(0, 1)

    def remember(self, level: str) -> Any:
        """The memory of a clip at a temporal level, off or one of `temporal.stabiliser.LEVELS`; None for no memory."""
        return None if level == "off" else ClipMemory(level)

    def finish(self, memory: ClipMemory) -> list[Tensor]:
        """The frames (1, 3, H, W) of a clip that are still to come when it has ended; the memory is empty then."""
        return [frame.to(self.device) for frame in self._stabiliser(memory.level).finish(memory)]

    @torch.no_grad()
    def look(self, frames: Tensor, memory: ClipMemory | None) -> list[Seen]:
        """What `steadied` has to know of the next frames (N, 3, H, W) of a clip; best asked before they are painted."""
        if memory is None:
            return []
        where, stabiliser = self._steadied_on, self._stabiliser(memory.level)
        return [stabiliser.look(frame.to(where, torch.float32)) for frame in frames.split(1)]

    @torch.no_grad()
    def steadied(self, seen: list[Seen], painted: Tensor, memory: ClipMemory, index: int | None) -> Tensor:
        """The next paintings (N, 3, H, W) of a clip, and what `look` has seen of the frames -> those that are finished;
        as for a call."""
        stabiliser, finished = self._stabiliser(memory.level), []
        where = self._steadied_on
        for number, (content, picture) in enumerate(zip(seen, painted.split(1), strict=True)):
            painting = picture.to(where, torch.float32)
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

    @property
    def _steadied_on(self) -> torch.device:
        # Not every PyTorch can warp on Apple's GPUs.
        return torch.device("cpu") if self.device.type == "mps" else self.device

    def _stabiliser(self, level: str) -> Stabiliser:
        if level not in self._stabilisers:
            self._stabilisers[level] = Stabiliser(level, self._steadied_on, self.flow)
        return self._stabilisers[level]


def _picture(style: StyleInput) -> Tensor:
    """A style picture as (1, 3, h, w) in [0, 1]."""
    if isinstance(style, Tensor):
        if style.ndim != 4 or style.shape[:2] != (1, 3) or not style.is_floating_point():
            raise StyleError(f"a style tensor must be floating point (1, 3, h, w), got {tuple(style.shape)}")
        return style.float()
    if imagined := Imagined.parse(style):
        return imagine(load_generator(imagined.file), imagined.seed, imagined.seed, 0.0)
    pixels = np.asarray(style.convert("RGB")) if isinstance(style, Image.Image) else load_image(find_style(style))
    return torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None].float() / 255
