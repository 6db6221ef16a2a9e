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


class OpenVinoEngine:
    """brisk's transformer as an OpenVINO graph; the code is a graph input, so that one graph serves every style.

    Precision: None lets OpenVINO choose (bfloat16 where the CPU computes in it: differences stay under half a code
    value of 8 bits); torch.float32 forbids it.
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

    @cached_property
    def request(self) -> Any:
        transformer = self.net.transformer.float().eval()
        example = torch.rand(1, 3, 64, 64), torch.ones(1, transformer.code_size)
        with torch.inference_mode(), warnings.catch_warnings():
            # The tracer warns of its own age and of shapes that do stay free.
            warnings.simplefilter("ignore")
            traced = torch.jit.freeze(torch.jit.trace(transformer, example, check_trace=False))
            model = self.openvino.convert_model(traced, example_input=example)
        hints: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": cpu_threads()}
        if self.dtype is not None:
            hints["INFERENCE_PRECISION_HINT"] = {torch.float32: "f32", torch.bfloat16: "bf16"}[self.dtype]
        return self.openvino.Core().compile_model(model, "CPU", hints).create_infer_request()

    @torch.inference_mode()
    def __call__(self, frames: Tensor, code: StyleCode, strength: float) -> Tensor:
        padded = pad_to_stride(frames, self.net.stride)
        painted = self.request.infer({0: _array(padded), 1: _array(code[0])}, share_inputs=True)[0]
        return blend(frames, crop(torch.from_numpy(painted), frames), strength)


def _array(tensor: Tensor) -> np.ndarray:
    return np.ascontiguousarray(tensor.float().numpy())
