"""Models as graphs for other programs: ONNX, TorchScript and OpenVINO.

The contract: `frames` (N, 3, H, W) float32 RGB in [0, 1] of any size from the net's `least_side` on, and unless a style
is baked in `code` (1, K) float32; `painted`, like frames, in [0, 1]. Padding to what the net needs, and cropping, are
inside.
"""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import torch
from torch import Tensor, nn

from vidstyle.errors import MissingExtra
from vidstyle.nets.protocol import StyleCode, StyleNet

__all__ = ["FORMATS", "Graph", "Written", "flat"]

EXAMPLE = (67, 91)
"""Height and width while a graph is traced. No multiples of a stride, or padding would not be in the graph."""


@dataclass(frozen=True)
class Written:
    """A graph in a format: files by ending, and the graph as the format's own runtime runs it."""

    files: Mapping[str, bytes]
    run: Callable[..., Tensor]


class Graph(nn.Module):
    """A net as one function of frames and a flat code, or with a code baked in of frames alone."""

    def __init__(self, net: StyleNet, like: StyleCode, strength: float, code: Tensor | None) -> None:
        """like: a code of the net, for its shapes; code: (1, K), to be baked in."""
        super().__init__()
        self.net, self.strength = net, strength
        self.shapes = [tuple(tensor.shape) for tensor in like]
        self.code = code  # no buffer: a constant of the graph

    @property
    def code_size(self) -> int:
        """K, 0 where the graph takes no code."""
        return 0 if self.code is not None else sum(torch.Size(shape).numel() for shape in self.shapes)

    def at_least(self, side: int) -> int:
        """A side that the net pads as it does any longer one, and no multiple of its stride if `side` is none."""
        least = self.net.least_side
        return side if least <= min(EXAMPLE) else side + least

    @property
    def example(self) -> tuple[Tensor, ...]:
        frames = torch.rand(1, 3, *(self.at_least(side) for side in EXAMPLE))
        return (frames, torch.rand(1, self.code_size)) if self.code_size else (frames,)

    def forward(self, frames: Tensor, code: Tensor | None = None) -> Tensor:
        given = code if self.code is None else self.code
        parts: StyleCode = ()
        if given is not None:
            flats = given.split([torch.Size(shape).numel() for shape in self.shapes], dim=1)
            parts = tuple(part.reshape(shape) for part, shape in zip(flats, self.shapes, strict=True))
        return self.net(frames, parts, self.strength).clamp(0, 1)


def flat(code: StyleCode) -> Tensor:
    """A code as one row, (1, K)."""
    return torch.cat([tensor.flatten(1) for tensor in code], dim=1).float()


def _traced(graph: Graph) -> torch.jit.ScriptModule:
    with torch.no_grad(), warnings.catch_warnings():
        # The tracer warns of its own age, and of sizes that it takes for fixed: they are checked afterwards.
        warnings.simplefilter("ignore")
        return torch.jit.trace(graph, graph.example, check_trace=False)


def torchscript(graph: Graph, facts: Mapping[str, str]) -> Written:
    """A TorchScript file; `facts` are its extra files."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.freeze(_traced(graph))  # without what no frame needs, the style encoder
        torch.jit.save(traced, file, _extra_files={key: value.encode() for key, value in facts.items()})
        file.seek(0)
        loaded = torch.jit.load(file)
    return Written({".pt": file.getvalue()}, torch.no_grad()(loaded))


def onnx(graph: Graph, facts: Mapping[str, str]) -> Written:
    """An ONNX file; `facts` are its metadata_props."""
    try:
        import onnx
        import onnxruntime
    except ImportError:
        raise MissingExtra("onnxruntime", "onnx") from None
    names = ["frames", "code"][: len(graph.example)]
    sizes, file = {0: "n", 2: "h", 3: "w"}, io.BytesIO()
    # Where an operation is not known to it, PyTorch 2.13 would print the whole graph.
    quiet = patch.object(torch._C, "_jit_onnx_log", lambda *words: None, create=True)
    with torch.no_grad(), quiet, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph,
            graph.example,
            file,  # type: ignore[arg-type]
            dynamo=False,
            opset_version=17,
            input_names=names,
            output_names=["painted"],
            dynamic_axes={"frames": sizes, "painted": sizes},
        )
    model = onnx.load_from_string(file.getvalue())
    onnx.helper.set_model_props(model, dict(facts))
    data = model.SerializeToString()
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])

    def run(*inputs: Tensor) -> Tensor:
        given = dict(zip(names, (tensor.numpy() for tensor in inputs), strict=True))
        return torch.from_numpy(session.run(None, given)[0])

    return Written({".onnx": data}, run)


def openvino(graph: Graph, facts: Mapping[str, str]) -> Written:
    """OpenVINO's pair of files; `facts` are in its rt_info, under vidstyle."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        import openvino
    except ImportError:
        raise MissingExtra("openvino", "openvino") from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = openvino.convert_model(_traced(graph), example_input=graph.example)
    shapes = {0: [-1, 3, -1, -1]} | ({1: [1, graph.code_size]} if graph.code_size else {})
    model.reshape({place: openvino.PartialShape(shape) for place, shape in shapes.items()})
    names = ["frames", "code"][: len(shapes)]
    for port, name in zip((*model.inputs, model.output(0)), (*names, "painted"), strict=True):
        port.get_tensor().set_names({name})
        port.get_node().set_friendly_name(name)
    for key, value in facts.items():
        model.set_rt_info(value, ["vidstyle", key])
    with TemporaryDirectory() as folder:
        file = Path(folder) / "model.xml"
        openvino.save_model(model, file, compress_to_fp16=False)
        files = {ending: file.with_suffix(ending).read_bytes() for ending in (".bin", ".xml")}
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return Written(files, lambda *inputs: torch.from_numpy(compiled([tensor.numpy() for tensor in inputs])[0]))


FORMATS: dict[str, Callable[[Graph, Mapping[str, str]], Written]] = {
    "onnx": onnx,
    "torchscript": torchscript,
    "openvino": openvino,
}
