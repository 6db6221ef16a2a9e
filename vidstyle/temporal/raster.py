"""Operations on whole pictures that the stabiliser spends its time on: OpenCV on a CPU, PyTorch elsewhere.

On a CPU PyTorch would wake its threads for each of them, which takes longer than the work. Pictures are (N, C, H, W),
float32, and cost least with channels last in memory. Nothing here has gradients; for a warp that has, see `warp`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from kornia.filters import gaussian_blur2d
from torch import Tensor

from . import arrays

__all__ = [
    "LONGEST",
    "apart",
    "blurred",
    "carried",
    "each",
    "enlarged",
    "faded",
    "laid_over",
    "lit",
    "luma",
    "moved",
    "on_cpu",
    "resized",
    "shrunk",
]

LONGEST = 32_000
"""Side, in pixels, of the largest pictures that OpenCV moves."""
SMALLEST = 32
"""Side of the smallest frames that flow is estimated on."""


def luma(x: Tensor) -> Tensor:
    """(N, 3, H, W) -> (N, 1, H, W)."""
    if on_cpu(x):
        return each(arrays.luma, x)
    return x.mul(x.new_tensor(arrays.LUMA)[:, None, None]).sum(1, keepdim=True)


def resized(x: Tensor, size: tuple[int, int], quick: bool = False) -> Tensor:
    """At `size` (height, width): means of what is made smaller, bilinear where it is made larger.

    quick: bilinear all the same, which leaves out pixels.
    """
    if tuple(x.shape[-2:]) == size:
        return x
    if on_cpu(x):
        return each(lambda x: arrays.resized(x, size, quick), x)
    smaller = size[0] < x.shape[-2] and not quick
    return F.interpolate(x, size, mode="area") if smaller else F.interpolate(x, size, mode="bilinear")


def shrunk(x: Tensor, pixels: int, quick: bool = False) -> Tensor:
    """At about so many pixels, of the same shape: sides are even, never longer, and not below SMALLEST.

    quick: as for `resized`.
    """
    height, width = x.shape[-2:]
    scale = min(1.0, (pixels / (height * width)) ** 0.5)
    rows, columns = (max(SMALLEST, round(side * scale) // 2 * 2) for side in (height, width))
    return resized(x, (rows, columns), quick)


def blurred(x: Tensor, sigma: float) -> Tensor:
    """By a Gaussian of `sigma` pixels."""
    if on_cpu(x):
        return each(lambda x: arrays.blurred(x, sigma), x)
    side = 2 * round(2 * sigma) + 1
    return gaussian_blur2d(x, (side, side), (sigma, sigma), border_type="replicate")


def enlarged(flow: Tensor, size: tuple[int, int]) -> Tensor:
    """A flow (N, 2, h, w) at another size (height, width), in that size's pixels."""
    if tuple(flow.shape[-2:]) == size:
        return flow
    factors = size[1] / flow.shape[-1], size[0] / flow.shape[-2]
    if on_cpu(flow):
        return each(lambda flow: arrays.enlarged(flow, size), flow)
    return resized(flow, size) * flow.new_tensor(factors)[:, None, None]


def moved(x: Tensor, flow: Tensor, cubic: bool = True) -> Tensor:
    """Backward warp: the result at p is `x` at p + flow(p), bicubic or bilinear, borders repeated.

    flow: (N, 2, H, W) in pixels, (dx, dy).
    """
    if on_cpu(x):
        return each(lambda x, flow: arrays.moved(x, flow, cubic), x, flow)
    height, width = flow.shape[-2:]
    columns, rows = (torch.arange(side, device=flow.device, dtype=flow.dtype) + 0.5 for side in (width, height))
    at = torch.stack([(columns + flow[:, 0]) * (2 / width) - 1, (rows[:, None] + flow[:, 1]) * (2 / height) - 1], -1)
    mode = "bicubic" if cubic else "bilinear"
    return F.grid_sample(x, at.to(x.dtype), mode=mode, padding_mode="border", align_corners=False)


def carried(held: Tensor, painted: Tensor, flow: Tensor, trust: Tensor, colours: bool = True) -> Tensor:
    """`held`, moved along a flow, laid over `painted` with `trust`.

    flow, trust: (N, 2, h, w) and (N, 1, h, w), of any size. colours: moved as luma is, bicubic; otherwise bilinear.
    """
    if on_cpu(painted):
        return each(partial(arrays.carried, colours=colours), held, painted, flow, trust)
    size = (painted.shape[-2], painted.shape[-1])
    way = enlarged(flow, size)
    there = moved(held, way, colours)
    if not colours:
        there = there + (moved(luma(held), way) - luma(there))
    return laid_over(painted, there, resized(trust, size))


def laid_over(below: Tensor, above: Tensor, weight: Tensor) -> Tensor:
    """`above` with `weight` (N, 1, H, W), `below` with the rest; a negative weight leads away from `above`."""
    if on_cpu(below):
        return each(arrays.laid_over, below, above, weight)
    return torch.lerp(below, above, weight)


def apart(x: Tensor, y: Tensor) -> Tensor:
    """|x − y|."""
    return each(cv2.absdiff, x, y) if on_cpu(x) else (x - y).abs()


def faded(x: Tensor) -> Tensor:
    """exp(−x), for x ≥ 0; never so small that a CPU is slow with it."""
    return each(arrays.faded, x) if on_cpu(x) else torch.exp(-x.clamp(max=30))


def lit(x: Tensor, light: Tensor, soft: Tensor, weight: Tensor) -> Tensor:
    """x with what `light` has more than `soft`, times a weight, all (N, 1, ·, ·), added to every channel, in [0, 1].

    light: at x's size; soft and weight: at any.
    """
    if on_cpu(x):
        return each(arrays.lit, x, light, soft, weight)
    size = (x.shape[-2], x.shape[-1])
    return (x + (light - resized(soft, size)) * resized(weight, size)).clamp_(0, 1)


def on_cpu(x: Tensor) -> bool:
    """Whether OpenCV does the work."""
    return x.device.type == "cpu" and x.dtype == torch.float32


def each(work: Callable[..., np.ndarray], *batches: Tensor) -> Tensor:
    """`work` on the pictures of every batch, one after the other, as arrays (H, W, C), or (H, W) of one channel."""
    arrays = [batch.numpy() for batch in batches]
    done = [work(*map(_array, pictures)) for pictures in zip(*arrays, strict=True)]
    whole = done[0][None] if len(done) == 1 else np.stack(done)
    return torch.from_numpy(whole[:, None] if whole.ndim == 3 else whole.transpose(0, 3, 1, 2))


def _array(picture: np.ndarray) -> np.ndarray:
    """(C, H, W) -> (H, W, C), or (H, W) of one channel: a view where channels are last in memory and rows are whole."""
    array = picture[0] if len(picture) == 1 else picture.transpose(1, 2, 0)
    whole = array.strides[1] == array[0, 0].nbytes and array.strides[-1] == array.itemsize
    return array if whole else np.ascontiguousarray(array)
