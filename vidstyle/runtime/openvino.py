"""OpenVINO: the fastest way through a net on most x86 CPUs."""

from __future__ import annotations

import platform
import sys
import threading
import warnings
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from vidstyle.errors import MissingExtra
from vidstyle.nets.int8 import rounded
from vidstyle.nets.layered import LayeredNet
from vidstyle.nets.protocol import StyleCode

from .device import cpu_threads

__all__ = ["OpenVinoEngine"]

KEPT = 4
"""Shapes whose compiled graphs are kept."""


class OpenVinoEngine:
    """A frame path as an OpenVINO graph; a code is a graph input, so that one graph serves every style.

    Computes in whole numbers of 8 bits where the net was calibrated for them, unless float32 is asked for, or bfloat16,
    which is faster only on CPUs with matrix units for it.
    """

    name = "openvino"

    def __init__(self, net: LayeredNet, dtype: torch.dtype | None = None) -> None:
        # Without this openvino reports its use to its makers, from a process of its own, and leaves files in the home.
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
        try:
            import openvino
            import openvino.preprocess
        except ImportError:
            raise MissingExtra("openvino", "openvino") from None
        self.openvino = openvino
        # Elsewhere than on x86 the roundings may be computed one by one, which takes longer than none.
        unasked = dtype is None and platform.machine() not in ("x86_64", "AMD64")
        exact = unasked or dtype not in (None, torch.int8) or net.ranges is None
        self.net = net if exact else rounded(net)
        self.dtype = dtype
        self.precision = "int8" if not exact else "bf16" if dtype is torch.bfloat16 else "fp32"
        self.requests: dict[tuple[int, ...], Any] = {}
        self.locks: dict[tuple[int, ...], threading.Lock] = {}
        """A graph runs in one thread at a time."""

    @cached_property
    def model(self) -> Any:
        """The graph, for frames (N, H, W, 3) of any size; so laid out, they need no sorting on the way in or out."""
        path = self.net.path.float().eval()
        example = path.example
        with torch.inference_mode(), warnings.catch_warnings():
            # The tracer warns of its own age and of shapes that do stay free.
            warnings.simplefilter("ignore")
            traced = torch.jit.trace(path, example, check_trace=False)
            model = self.openvino.convert_model(traced, example_input=example)
        layouts = self.openvino.preprocess.PrePostProcessor(model)
        for port in (layouts.input(0), layouts.output(0)):
            port.tensor().set_layout(self.openvino.Layout("NHWC"))
            port.model().set_layout(self.openvino.Layout("NCHW"))
        return layouts.build()

    def request(self, shape: tuple[int, ...]) -> Any:
        """The graph compiled for frames (N, H, W, 3) of one shape: twice as fast as one for every shape."""
        found = self.requests.pop(shape, None) or self.compiled(shape)
        self.requests[shape] = found
        # Those used last are kept. Another thread may compile meanwhile.
        for least in list(self.requests)[:-KEPT]:
            self.requests.pop(least, None)
        return found

    def compiled(self, shape: tuple[int, ...]) -> Any:
        model = self.model.clone()
        size = self.net.path.code_size
        model.reshape({0: list(shape)} | ({1: [1, size]} if size else {}))
        hints = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": cpu_threads(),
            "INFERENCE_PRECISION_HINT": "bf16" if self.dtype == torch.bfloat16 else "f32",
        }
        return self.openvino.Core().compile_model(model, "CPU", hints).create_infer_request()

    @torch.no_grad()
    def __call__(self, frames: Tensor, code: StyleCode, strength: float) -> Tensor:
        return self.net.painted_by(self._path, frames, code, strength)

    def _path(self, frames: Tensor, code: Tensor | None = None) -> Tensor:
        pixels = frames.float().permute(0, 2, 3, 1).contiguous()  # (N, H, W, 3)
        shape = tuple(pixels.shape)
        # The graph writes where the caller will read: its own memory would have to be copied from.
        painted = torch.empty_like(pixels)
        inputs = {0: pixels.numpy()}
        if code is not None:
            inputs[1] = code.float().contiguous().numpy()
        with self.locks.setdefault(shape, threading.Lock()):
            request = self.request(shape)
            request.set_output_tensor(self.openvino.Tensor(painted.numpy(), shared_memory=True))
            request.infer(inputs, share_inputs=True, share_outputs=True)
        return painted.permute(0, 3, 1, 2)
