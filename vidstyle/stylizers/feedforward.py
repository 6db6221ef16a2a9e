"""Stylize with a feed-forward network: AdaIN-type nets, or nets with one style in their weights."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from vidstyle.errors import OptionError, StyleError
from vidstyle.nets.conditioned import ConditionedNet
from vidstyle.nets.protocol import FixedStyleNet
from vidstyle.runtime.choice import engines, fastest
from vidstyle.runtime.device import pick_precision
from vidstyle.runtime.memory import Thrifty
from vidstyle.zoo import load

from .code import StyleCode
from .painter import Painter, StyleInput

__all__ = ["Stylizer"]


class Stylizer(Painter):
    """A model on a device, ready to paint.

    model: a built-in name or a checkpoint file. device: auto, cpu, cuda or mps. precision: fp32, fp16, bf16,
    int8 or auto, which is fp16 on a GPU and int8 where OpenVINO runs a model that was calibrated for it. runtime: auto,
    openvino, onnxruntime or pytorch. flow: see `Painter`. `note` receives one-line remarks.
    tile: side in pixels, from 256, of the tiles that larger frames are painted in, by PyTorch itself, which can
    normalise them alike; without it, frames are painted in tiles only where they do not fit the memory.
    """

    def __init__(
        self,
        model: str | Path = "brisk",
        device: str = "auto",
        precision: str = "auto",
        runtime: str = "auto",
        note: Callable[[str], None] = lambda text: None,
        flow: str = "auto",
        tile: int | None = None,
    ) -> None:
        super().__init__(device, flow)
        dtype = pick_precision(precision, self.device)
        self.model = load(model)
        self.net = self.model.net.to(self.device)
        self.name = self.model.card.name
        self.fixed_style = self.net.fixed_style
        self.overlaid = isinstance(self.net, (ConditionedNet, FixedStyleNet))
        """Strength is a blend of pixels, which may as well be laid over what a clip's memory gives."""
        self.turn = threading.Lock()
        """For who shares a stylizer among threads: to be held while painting."""
        self.style_side = int(getattr(self.net, "STYLE_SIDE", self.style_side))
        if self.net.styles:
            self.style_kind = f"a number from 0 to {self.net.styles - 1}"
        if tile is not None and runtime not in ("auto", "pytorch"):
            raise OptionError(f"{runtime} cannot normalise tiles alike; leave --runtime or --tile out")
        self.engines = engines(self.net, self.device, dtype, runtime if tile is None else "pytorch")
        self.engine = self.engines[0]
        self._thrifty = Thrifty(note, tile)

    @property
    def runtime(self) -> str:  # type: ignore[override]
        """What runs the net."""
        return self.engine.name

    @torch.inference_mode()
    def encode(self, picture: Tensor) -> tuple[Tensor, ...]:
        weight = next(self.net.parameters())
        return tuple(t.float() for t in self.net.encode_style(picture.to(weight.device, weight.dtype)))

    def encode_one(self, style: StyleInput, side: int) -> tuple[Tensor, ...]:
        if not self.net.styles:
            return super().encode_one(style, side)
        number = int(style) if isinstance(style, str) and style.isdecimal() else -1
        if not 0 <= number < self.net.styles:
            raise StyleError(f"{self.name} has styles of its own; give {self.style_kind}")
        return tuple(tensor.detach().float() for tensor in self.net.numbered(number))

    def tune(self, code: StyleCode, height: int, width: int) -> str:
        """Measure the runtimes that are there on one frame of that size, keep the fastest, and return its name."""
        if code.strength > 0:
            self.engine = fastest(self.engines, code.tensors, height, width)
        return self.engine.name

    def paint(self, frames: Tensor, code: StyleCode) -> Tensor:
        return self._thrifty(partial(self._paint, code), frames)

    def _paint(self, code: StyleCode, frames: Tensor) -> Tensor:
        return self.engine(frames, code.tensors, code.strength)
