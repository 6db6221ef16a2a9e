"""How fast nets run, compared fairly: interleaved in one process, against this machine's own peak."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from vidstyle.stylizers import StyleCode, Stylizer

__all__ = ["Speed", "compare", "interleave", "macs", "peak"]


@dataclass(frozen=True)
class Speed:
    """One model's figures."""

    model: str
    runtime: str
    precision: str
    size: tuple[int, int]
    milliseconds: float
    """Per frame, median over the rounds, style cached."""
    fastest: float
    """Milliseconds of the best round."""
    macs_per_pixel: float
    macs_per_second: float
    peak_share: float
    """Multiply-accumulates per second over the most that this machine was seen to do."""


def synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def interleave(calls: Sequence[Callable[[], object]], device: torch.device, rounds: int) -> list[list[float]]:
    """Seconds of every call in every round; the calls take turns, so that a slow spell of the machine hits all."""
    for call in calls:
        call()
        call()
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for call, seconds in zip(calls, times, strict=True):
            synchronise(device)
            started = time.perf_counter()
            call()
            synchronise(device)
            seconds.append(time.perf_counter() - started)
    return times


@torch.inference_mode()
def macs(stylizer: Stylizer, code: StyleCode, width: int, height: int) -> int:
    """Multiply-accumulates of one frame, style cached, counted on the net in PyTorch."""
    parameter = next(stylizer.net.parameters())
    frame = torch.rand(1, 3, height, width, dtype=parameter.dtype, device=parameter.device)
    tensors = tuple(t.to(parameter.device, parameter.dtype) for t in code.tensors)
    with FlopCounterMode(display=False) as counter:
        stylizer.net(frame, tensors)
    return counter.get_total_flops() // 2


@torch.inference_mode()
def peak(device: torch.device, dtype: torch.dtype = torch.float32) -> float:
    """Most multiply-accumulates per second that this machine reached: matrix products and 3×3 convolutions."""
    side = 1024 if device.type == "cpu" else 8192
    a, b = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    kernel = torch.randn(256, 256, 3, 3, device=device, dtype=dtype).contiguous(memory_format=torch.channels_last)
    picture = torch.randn(1, 256, 64, 64, device=device, dtype=dtype).contiguous(memory_format=torch.channels_last)
    work = {
        side**3: lambda: a @ b,
        256 * 256 * 9 * 64 * 64: lambda: F.conv2d(picture, kernel, padding=1),
    }
    times = interleave(list(work.values()), device, rounds=10)
    return max(count / min(seconds) for count, seconds in zip(work, times, strict=True))


def compare(stylizers: list[Stylizer], width: int, height: int, rounds: int = 10) -> list[Speed]:
    """Figures of several models on one device, at one frame size."""
    device = stylizers[0].device
    frame = torch.rand(1, 3, height, width, device=device)
    style = torch.rand(1, 3, 256, 256)
    codes = [stylizer.encode_style(None if stylizer.fixed_style else style) for stylizer in stylizers]
    for stylizer, code in zip(stylizers, codes, strict=True):
        stylizer.tune(code, height, width)

    def call(stylizer: Stylizer, code: StyleCode) -> Callable[[], object]:
        return lambda: stylizer(frame, code)

    times = interleave([call(*pair) for pair in zip(stylizers, codes, strict=True)], device, rounds)
    best = peak(device, next(stylizers[0].net.parameters()).dtype)
    found = []
    for stylizer, code, seconds in zip(stylizers, codes, times, strict=True):
        count = macs(stylizer, code, width, height)
        typical = statistics.median(seconds)
        found.append(
            Speed(
                model=stylizer.model.card.name,
                runtime=stylizer.engine.name,
                precision=stylizer.engine.precision,
                size=(width, height),
                milliseconds=1e3 * typical,
                fastest=1e3 * min(seconds),
                macs_per_pixel=count / (width * height),
                macs_per_second=count / typical,
                peak_share=count / typical / best if math.isfinite(best) else math.nan,
            )
        )
    return found
