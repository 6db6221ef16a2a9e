"""ONNX Runtime: faster than eager PyTorch on every CPU, smaller than OpenVINO."""

from __future__ import annotations

import io
import os
import warnings
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from vidstyle.errors import MissingExtra
from vidstyle.nets.conditioned import ConditionedNet
from vidstyle.nets.protocol import StyleCode

from .device import cpu_threads

__all__ = ["OnnxRuntimeEngine"]


class OnnxRuntimeEngine:
    """A frame path as an ONNX graph with the code as an input, in float32."""

    name = "onnxruntime"
    precision = "fp32"

    def __init__(self, net: ConditionedNet) -> None:
        # Without this ONNX Runtime reports its use to its makers and keeps a database in the home.
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
        try:
            import onnx  # noqa: F401  PyTorch's exporter needs it
            import onnxruntime
        except ImportError:
            raise MissingExtra("onnxruntime", "onnx") from None
        self.onnxruntime = onnxruntime
        self.net = net

    @cached_property
    def session(self) -> Any:
        options = self.onnxruntime.SessionOptions()
        options.intra_op_num_threads = cpu_threads()
        return self.onnxruntime.InferenceSession(export(self.net), options, providers=["CPUExecutionProvider"])

    @torch.no_grad()
    def __call__(self, frames: Tensor, code: StyleCode, strength: float) -> Tensor:
        return self.net.painted_by(self._path, frames, code, strength)

    def _path(self, frames: Tensor, code: Tensor) -> Tensor:
        inputs = {"frames": frames.float().contiguous().numpy(), "code": code.float().contiguous().numpy()}
        return torch.from_numpy(self.session.run(None, inputs)[0])


def export(net: ConditionedNet) -> bytes:
    """A frame path as ONNX: inputs frames with their margin (n, 3, h, w) and code (1, K), output painted likewise."""
    path = net.transformer.float().eval()
    sizes = {0: "n", 2: "h", 3: "w"}
    graph: Any = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # The tracing exporter needs no further package; the newer one asks for onnxscript.
        torch.onnx.export(
            path,
            path.example,
            graph,
            dynamo=False,
            opset_version=17,
            input_names=["frames", "code"],
            output_names=["painted"],
            dynamic_axes={"frames": sizes, "painted": sizes},
        )
    return graph.getvalue()
