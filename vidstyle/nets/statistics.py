"""Statistics of a whole frame for nets that see a part of it.

A net asks for every statistic that spans the frame through `whole` (or `instance_norm`, which does). Where tiles of a
frame are painted one by one, all get the same answers, those of the frame made small, and so no seams.

Source: Chen et al. 2022, "Towards Ultra-Resolution Neural Style Transfer via Thumbnail Instance Normalization".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["InstanceNorm", "Statistics", "instance_norm", "whole"]

Answer = tuple[Tensor, ...]


class Statistics:
    """What a net asked for while it painted one frame, in order."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.at = 0
        self.filled = False

    @contextmanager
    def used(self) -> Iterator[None]:
        """The first time answers are noted; from then on they are given, to nets that ask in the same order."""
        token, self.at = _used.set(self), 0
        try:
            yield
        finally:
            _used.reset(token)
        self.filled = True

    def answer(self, compute: Callable[[], Answer]) -> Answer:
        """The next one."""
        if not self.filled:
            self.answers.append(compute())
        self.at += 1
        return self.answers[self.at - 1]


_used: ContextVar[Statistics | None] = ContextVar("statistics", default=None)


def whole(compute: Callable[[], Answer]) -> Answer:
    """What `compute` says of the frame, or what it said of the whole frame where this is a part of it."""
    statistics = _used.get()
    return compute() if statistics is None else statistics.answer(compute)


def instance_norm(x: Tensor, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5) -> Tensor:
    """Every channel of (N, C, H, W) with mean 0 and variance 1 over the frame, then scaled and shifted, (C,) each.

    Source: Ulyanov et al. 2016.
    """
    if _used.get() is None and not x.is_cuda:
        return F.instance_norm(x, weight=weight, bias=bias, eps=eps)
    # PyTorch's own gives each channel of a large frame to one of a GPU's many multiprocessors.
    mean, variance = whole(lambda: _mean_and_variance(x.float()))
    # In float32: the mean of a nearly constant channel may be far larger than its deviation.
    found = (x.float() - mean) * (variance + eps).rsqrt()
    if weight is not None and bias is not None:
        found = found * weight[:, None, None] + bias[:, None, None]
    return found.to(x.dtype)


def _mean_and_variance(x: Tensor) -> Answer:
    variance, mean = torch.var_mean(x, dim=(-2, -1), correction=0, keepdim=True)
    return mean, variance


class InstanceNorm(nn.InstanceNorm2d):
    """`instance_norm` as a layer."""

    def forward(self, x: Tensor) -> Tensor:
        return instance_norm(x, self.weight, self.bias, self.eps)
