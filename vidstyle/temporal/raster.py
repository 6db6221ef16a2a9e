"""Operations on whole pictures that the stabiliser spends its time on: OpenCV on a CPU, PyTorch elsewhere.

On a CPU PyTorch would wake its threads for each of them, which takes longer than the work. Pictures are (N, C, H, W),
float32, and cost least with channels last in memory. Nothing here has gradients; for a warp that has, see `warp`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from kornia.filters import gaussian_blur2d
from torch import Tensor

__all__ = [
    "LONGEST",
    "apart",
    "blurred",
    "faded",
    "laid_over",
    "lit",
    "luma",
    "minus",
    "moved",
    "resized",
    "root",
    "scaled",
    "shrunk",
]

LUMA = (0.2126, 0.7152, 0.0722)
"""ITU-R BT.709, item 3.2: the luma weights of R, G, B."""
LONGEST = 32_000
"""Side, in pixels, of the largest pictures that OpenCV moves."""
SMALLEST = 32
"""Side of the smallest frames that flow is estimated on."""
REPEAT = cv2.BORDER_REPLICATE
NONE: Any = None
"""For an argument that the types of OpenCV do not know to be optional."""


def luma(x: Tensor) -> Tensor:
    """(N, 3, H, W) -> (N, 1, H, W)."""
    if _on_cpu(x):
        return _each(lambda x: cv2.transform(x, np.array([LUMA], np.float32)), x)
    return x.mul(x.new_tensor(LUMA)[:, None, None]).sum(1, keepdim=True)


def resized(x: Tensor, size: tuple[int, int], quick: bool = False) -> Tensor:
    """At `size` (height, width): means of what is made smaller, bilinear where it is made larger.

    quick: bilinear all the same, which leaves out pixels.
    """
    if tuple(x.shape[-2:]) == size:
        return x
    smaller = size[0] < x.shape[-2] and not quick
    if _on_cpu(x):
        how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        return _each(lambda x: cv2.resize(x, size[::-1], interpolation=how), x)
    return F.interpolate(x, size, mode="area") if smaller else F.interpolate(x, size, mode="bilinear")


def shrunk(x: Tensor, pixels: int, quick: bool = False) -> Tensor:
    """At about so many pixels, of the same shape: never larger, and no side below SMALLEST. quick: as for `resized`."""
    height, width = x.shape[-2:]
    scale = min(1.0, (pixels / (height * width)) ** 0.5)
    return resized(x, (max(SMALLEST, round(height * scale)), max(SMALLEST, round(width * scale))), quick)


def blurred(x: Tensor, sigma: float) -> Tensor:
    """By a Gaussian of `sigma` pixels."""
    side = 2 * round(2 * sigma) + 1
    if _on_cpu(x):
        return _each(lambda x: cv2.GaussianBlur(x, (side, side), sigma, borderType=REPEAT), x)
    return gaussian_blur2d(x, (side, side), (sigma, sigma), border_type="replicate")


def moved(x: Tensor, flow: Tensor, cubic: bool = True) -> Tensor:
    """Backward warp: the result at p is `x` at p + flow(p), bicubic or bilinear, borders repeated.

    flow: (N, 2, H, W) in pixels, (dx, dy).
    """
    height, width = flow.shape[-2:]
    if _on_cpu(x):
        grid, how = _positions(height, width), cv2.INTER_CUBIC if cubic else cv2.INTER_LINEAR
        return _each(lambda x, flow: cv2.remap(x, flow + grid, NONE, how, borderMode=REPEAT), x, flow)
    columns, rows = (torch.arange(side, device=flow.device, dtype=flow.dtype) + 0.5 for side in (width, height))
    at = torch.stack([(columns + flow[:, 0]) * (2 / width) - 1, (rows[:, None] + flow[:, 1]) * (2 / height) - 1], -1)
    mode = "bicubic" if cubic else "bilinear"
    return F.grid_sample(x, at.to(x.dtype), mode=mode, padding_mode="border", align_corners=False)


def laid_over(below: Tensor, above: Tensor, weight: Tensor) -> Tensor:
    """`above` with `weight` (N, 1, H, W), `below` with the rest; a negative weight leads away from `above`."""
    if _on_cpu(below):
        return _each(lambda a, b, w: cv2.blendLinear(a, b, 1 - w, w), below, above, weight)
    return torch.lerp(below, above, weight)


def apart(x: Tensor, y: Tensor) -> Tensor:
    """|x − y|."""
    return _each(cv2.absdiff, x, y) if _on_cpu(x) else (x - y).abs()


def minus(x: Tensor, y: Tensor) -> Tensor:
    """x − y."""
    return _each(cv2.subtract, x, y) if _on_cpu(x) else x - y


def scaled(x: Tensor, factors: tuple[float, ...]) -> Tensor:
    """Every channel times a factor of its own."""
    if _on_cpu(x):
        return _each(lambda x: cv2.transform(x, np.diag(factors).astype(np.float32)), x)
    return x * x.new_tensor(factors)[:, None, None]


def root(x: Tensor) -> Tensor:
    """Square root."""
    return _each(cv2.sqrt, x) if _on_cpu(x) else x.sqrt()


def faded(x: Tensor) -> Tensor:
    """exp(−x), for x ≥ 0; never so small that a CPU is slow with it."""
    x = x.clamp(max=30)
    return _each(lambda x: cv2.exp(-x), x) if _on_cpu(x) else torch.exp(-x)


def lit(x: Tensor, light: Tensor, weight: Tensor) -> Tensor:
    """x with light times a weight, both (N, 1, H, W), added to every channel, in [0, 1]."""
    if not _on_cpu(x):
        return (x + light * weight).clamp_(0, 1)

    def work(x: np.ndarray, light: np.ndarray, weight: np.ndarray) -> np.ndarray:
        whole = cv2.cvtColor(cv2.multiply(light, weight), cv2.COLOR_GRAY2RGB)
        return np.clip(cv2.add(whole, x, dst=whole), 0, 1, out=whole)

    return _each(work, x, light, weight)


@lru_cache(2)
def _positions(height: int, width: int) -> np.ndarray:
    """(x, y) of every pixel, (H, W, 2)."""
    columns, rows = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    return np.stack(np.broadcast_arrays(columns, rows[:, None]), -1)


def _on_cpu(x: Tensor) -> bool:
    return x.device.type == "cpu" and x.dtype == torch.float32


def _each(work: Callable[..., np.ndarray], *batches: Tensor) -> Tensor:
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
