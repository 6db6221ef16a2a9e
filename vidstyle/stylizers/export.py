"""Models written as graphs for other programs, checked against PyTorch before they appear."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vidstyle.errors import ModelError, OptionError, VidstyleError
from vidstyle.nets.int8 import rounded
from vidstyle.nets.layered import LayeredNet
from vidstyle.nets.protocol import StyleNet
from vidstyle.runtime.graph import FORMATS, Graph, flat
from vidstyle.staging import StagedFile

from .code import StyleCode
from .feedforward import Stylizer

__all__ = ["Check", "export", "write_code"]

SIZES = ((1, 64, 96), (2, 75, 101), (1, 144, 81), (1, 181, 251))
"""Frames, heights and widths at which a graph is checked, none that of its example; larger where a net needs it."""
TOLERANCE = 1e-3
ROUNDED = 1e-3
"""Mean square that whole numbers may differ by: where one of them tips over, so does a pixel."""

UNKNOWN = re.compile(r"(?:operator '|operations: )(aten::\w+)")
"""What PyTorch and OpenVINO call an operation that ONNX or OpenVINO does not have."""


@dataclass(frozen=True)
class Check:
    """How far a graph is from PyTorch at one size."""

    height: int
    width: int
    largest: float
    mean_square: float


def export(
    stylizer: Stylizer,
    kind: str,
    output: Path,
    code: StyleCode | None = None,
    *,
    strength: float = 1.0,
    precision: str = "fp32",
    overwrite: bool = True,
) -> list[Check]:
    """Write a model as a graph; see `runtime.graph` for what goes in and out.

    kind: onnx, torchscript or openvino. code: a style to be baked in; it is an input else. precision: fp32, or int8 for
    OpenVINO and a model that was calibrated. ModelError where the model cannot be written so, or the graph does not
    paint as PyTorch does; nothing is left behind then.
    """
    endings = {"onnx": ".onnx", "torchscript": ".pt", "openvino": ".xml"}
    if output.suffix.lower() != endings[kind]:
        raise OptionError(f"{output} does not end in {endings[kind]}, as files of this kind do; choose another name")
    if precision not in ("fp32", "int8"):
        raise OptionError(f"graphs are written in fp32 or int8, not in {precision}")
    net = _precise(stylizer.net, kind, precision)
    like = _any_code(net)
    baked = None if code is None or net.fixed_style else flat(code.tensors).cpu()
    graph = Graph(net, like, strength, baked).eval()
    card = stylizer.model.card
    contract = {
        "frames": "(n, 3, h, w) float32 RGB in [0, 1]",
        "painted": "like frames",
        "least_side": str(net.least_side),
        "precision": precision,
        "strength": f"{strength:g}",
    }
    if graph.code_size:
        contract["code"] = f"(1, {graph.code_size}) float32"
    try:
        written = FORMATS[kind](graph, card.to_metadata() | contract)
        checks = [_check(graph, written.run, like, *size) for size in SIZES]
    except VidstyleError:
        raise
    except Exception as error:  # whatever a converter or a runtime makes of an operation that it does not know
        raise ModelError(
            f"{card.name} ({card.architecture}) cannot be written as {kind}: {_why(error)}; choose another format"
        ) from None
    worst = max(checks, key=lambda check: check.largest)
    far = worst.mean_square > ROUNDED if precision == "int8" else not worst.largest <= TOLERANCE
    if far:
        raise ModelError(
            f"{card.name} was not written: as {kind} it differs from PyTorch by {worst.largest:.2g} "
            f"at {worst.width}x{worst.height}; choose another format"
        )
    with ExitStack() as stack:
        # Entered in turn, so that what names the others appears last.
        for ending, data in reversed([*written.files.items()]):
            staged = stack.enter_context(StagedFile(output.with_suffix(ending), overwrite))
            staged.path.write_bytes(data)
    return checks


def _why(error: Exception) -> str:
    """In a few words."""
    text = " ".join(str(error).split()) or type(error).__name__
    if unknown := UNKNOWN.search(text):
        return f"there is no {unknown[1]} in it"
    return text[:240]


def write_code(code: StyleCode, output: Path, overwrite: bool = True) -> int:
    """Write what a graph takes as a style, (1, K) float32, as a NumPy file; returns K."""
    if not code.tensors:
        raise OptionError("the model has one style, in its weights, and takes no code")
    if output.suffix.lower() != ".npy":
        raise OptionError(f"{output} does not end in .npy, as codes do; choose another name")
    row = flat(code.tensors).cpu()
    with StagedFile(output, overwrite) as staged, staged.path.open("wb") as file:
        np.save(file, row.numpy())
    return row.shape[1]


def _precise(net: StyleNet, kind: str, precision: str) -> StyleNet:
    if precision == "fp32":
        return net.float().cpu()
    if kind != "openvino" or not isinstance(net, LayeredNet) or net.ranges is None:
        raise OptionError("int8 is for --openvino, and for models that were calibrated for it; leave --precision out")
    return rounded(net)


@torch.no_grad()
def _any_code(net: StyleNet) -> tuple[Tensor, ...]:
    if net.styles:
        return tuple(tensor.detach() for tensor in net.numbered(0))
    picture = torch.rand(1, 3, 96, 128, generator=torch.Generator().manual_seed(1))
    return net.encode_style(None if net.fixed_style else picture)


@torch.no_grad()
def _check(
    graph: Graph, run: Callable[..., Tensor], like: tuple[Tensor, ...], batch: int, height: int, width: int
) -> Check:
    height, width = graph.at_least(height), graph.at_least(width)
    frames = torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(0))
    inputs = (frames, flat(like)) if graph.code_size else (frames,)
    found, expected = run(*inputs), graph(*inputs)
    if found.shape != expected.shape:
        raise ModelError(f"frames of {width}x{height} come out as {tuple(found.shape)}")
    away = found - expected
    return Check(height, width, float(away.abs().max()), float(away.square().mean()))
