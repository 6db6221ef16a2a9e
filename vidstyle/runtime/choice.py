"""Which engine: asked for by name, or the fastest of those that are there."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from vidstyle.errors import MissingExtra, OptionError
from vidstyle.nets.conditioned import ConditionedNet
from vidstyle.nets.layered import LayeredNet
from vidstyle.nets.protocol import StyleCode, StyleNet

from .eager import EagerEngine
from .engine import Engine
from .onnxruntime import OnnxRuntimeEngine
from .openvino import OpenVinoEngine

__all__ = ["RUNTIMES", "engines", "fastest"]

RUNTIMES = ("auto", "openvino", "onnxruntime", "pytorch")
PATIENCE = 10.0
"""Seconds that an engine is measured for; one run is made in any case."""


def engines(net: StyleNet, device: torch.device, dtype: torch.dtype | None, runtime: str = "auto") -> list[Engine]:
    """The engines that can run `net` here, the one that is fastest on most machines first.

    `runtime` names one of RUNTIMES; a named one that cannot run the net is an OptionError or a MissingExtra.
    """
    if runtime not in RUNTIMES:
        raise OptionError(f"no runtime is called {runtime}; choose {', '.join(RUNTIMES)}")
    cpu = device.type == "cpu"
    if runtime == "openvino" and not (cpu and isinstance(net, LayeredNet)):
        raise OptionError("openvino does not run this net here; leave --runtime out or choose pytorch")
    if runtime == "onnxruntime" and not (cpu and isinstance(net, ConditionedNet)):
        raise OptionError("onnxruntime runs vidstyle's own nets on a CPU only; leave --runtime out or choose pytorch")
    if dtype is torch.int8:
        if not cpu or not isinstance(net, LayeredNet) or net.ranges is None:
            raise OptionError(
                "int8 is for a CPU, and for models that were calibrated for it (vidstyle models compress); choose auto"
            )
        # PyTorch would compute the same, and take longer than without.
        runtime = "openvino" if runtime == "auto" else runtime
    makers: dict[str, Callable[[], Engine]] = {}
    if isinstance(net, LayeredNet) and cpu:
        layered = net
        makers["openvino"] = lambda: OpenVinoEngine(layered, dtype)
    if isinstance(net, ConditionedNet) and cpu and dtype in (None, torch.float32):
        conditioned = net
        makers["onnxruntime"] = lambda: OnnxRuntimeEngine(conditioned)
    makers["pytorch"] = lambda: EagerEngine(net, device, dtype)
    if runtime != "auto":
        if runtime not in makers:
            raise OptionError(f"{runtime} cannot compute in that precision; choose --precision auto or fp32")
        return [makers[runtime]()]
    found: list[Engine] = []
    for make in makers.values():
        try:
            found.append(make())
        except MissingExtra:
            continue
    return found


def fastest(found: list[Engine], code: StyleCode, height: int, width: int) -> Engine:
    """The engine that paints one frame of that size soonest, measured; a single engine is not measured."""
    if len(found) == 1:
        return found[0]
    frame = torch.rand(1, 3, height, width)

    def seconds(engine: Engine) -> float:
        # The first run, in which a graph is compiled, counts only where the net is so slow that there is no other.
        runs: list[float] = []
        while len(runs) < 3 and sum(runs) < PATIENCE:
            started = time.perf_counter()
            engine(frame, code, 1.0)
            runs.append(time.perf_counter() - started)
        return min(runs)

    return min(found, key=seconds)
