"""OpenVINO: the fastest way through a net on most x86 CPUs."""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vidstyle.errors import MissingExtra
from vidstyle.nets.brisk import Brisk
from vidstyle.nets.padding import crop, pad_to_stride
from vidstyle.nets.protocol import StyleCode, blend

from .device import cpu_threads

__all__ = ["OpenVinoEngine"]

KEPT = 4
"""Shapes whose compiled graphs are kept."""


class OpenVinoEngine:
    """brisk's transformer as an OpenVINO graph; the code is a graph input, so that one graph serves every style.

    Computes in float32 unless bfloat16 is asked for, which is faster only on CPUs with matrix units for it.
    """

    name = "openvino"

    def __init__(self, net: Brisk, dtype: torch.dtype | None = None) -> None:
        try:
            import openvino
        except ImportError:
            raise MissingExtra("openvino", "openvino") from None
        self.openvino = openvino
        self.net = net
        self.dtype = dtype

        self.requests: dict[tuple[int, ...], Any] = {}

    @cached_property
    def model(self) -> Any:
        """The graph, for frames of any size."""
        transformer = self.net.transformer.float().eval()
        example = torch.rand(1, 3, 64, 64), torch.ones(1, transformer.code_size)
        with torch.inference_mode(), warnings.catch_warnings():
            # The tracer warns of its own age and of shapes that do stay free.
            warnings.simplefilter("ignore")
            traced = torch.jit.freeze(torch.jit.trace(transformer, example, check_trace=False))
            return self.openvino.convert_model(traced, example_input=example)

    def request(self, shape: tuple[int, ...]) -> Any:
        """The graph compiled for frames (N, 3, H, W) of one shape: twice as fast as one for every shape."""
        if shape not in self.requests:
            if len(self.requests) >= KEPT:
                del self.requests[next(iter(self.requests))]
            model = self.model.clone()
            model.reshape({0: list(shape), 1: [1, self.net.transformer.code_size]})
            hints = {
                "PERFORMANCE_HINT": "LATENCY",
                "INFERENCE_NUM_THREADS": cpu_threads(),
                "INFERENCE_PRECISION_HINT": "bf16" if self.dtype == torch.bfloat16 else "f32",
            }
            compiled = self.openvino.Core().compile_model(model, "CPU", hints)
            self.requests[shape] = compiled.create_infer_request()
        return self.requests[shape]

    @torch.inference_mode()
    def __call__(self, frames: Tensor, code: StyleCode, strength: float) -> Tensor:
        padded = pad_to_stride(frames, self.net.stride)
        request = self.request(tuple(padded.shape))
        painted = request.infer({0: _array(padded), 1: _array(code[0])}, share_inputs=True)[0]
        return blend(frames, crop(torch.from_numpy(painted), frames), strength)


def _array(tensor: Tensor) -> np.ndarray:
    return np.ascontiguousarray(tensor.float().numpy())
