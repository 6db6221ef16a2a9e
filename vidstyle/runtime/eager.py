"""PyTorch as it is: every net, every device."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor

from vidstyle.nets.int8 import rounded
from vidstyle.nets.protocol import StyleCode, StyleNet

from .device import memory_format, precision_name

__all__ = ["EagerEngine"]


class EagerEngine:
    """A net in eager PyTorch."""

    name = "pytorch"

    def __init__(self, net: StyleNet, device: torch.device, dtype: torch.dtype | None = None) -> None:
        self.precision = precision_name(dtype)
        if dtype is torch.int8:
            # What whole numbers would give, computed in floating point: to judge them by, on any device.
            net, dtype = rounded(net), torch.float32
        self.dtype = dtype or torch.float32
        self.device = device
        # Styles are encoded with the net as it was given, in float32: a code in half precision is no saving.
        own = net if self.dtype == torch.float32 else deepcopy(net)
        self.net = own.to(device, self.dtype).eval()
        self.format = memory_format(device)
        self.net.to(memory_format=self.format)  # type: ignore[call-overload]

    @torch.no_grad()
    def __call__(self, frames: Tensor, code: StyleCode, strength: float) -> Tensor:
        code = tuple(tensor.to(self.device, self.dtype) for tensor in code)
        ready = frames.to(self.dtype, memory_format=self.format)
        return self.net(ready, code, strength).to(frames.dtype)
