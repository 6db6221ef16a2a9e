"""Padding that works at every size: reflection where the picture is large enough, its edge repeated where not."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["Pad", "crop", "pad", "pad_to_stride"]


def pad(x: Tensor, left: int, right: int, top: int, bottom: int) -> Tensor:
    """Pad (N, C, H, W) by reflection; a side too short to reflect repeats its edge instead."""
    height, width = x.shape[-2:]
    if max(left, right) < width and max(top, bottom) < height:
        return F.pad(x, (left, right, top, bottom), mode="reflect")
    return F.pad(x, (left, right, top, bottom), mode="replicate")


def pad_to_stride(x: Tensor, stride: int) -> Tensor:
    """Pad (N, C, H, W) at the right and the bottom to whole multiples of `stride`; a no-op where it is one already."""
    right, bottom = -x.shape[-1] % stride, -x.shape[-2] % stride
    return pad(x, 0, right, 0, bottom) if right or bottom else x


def crop(x: Tensor, like: Tensor) -> Tensor:
    """The top left corner of `x` with the height and width of `like`: undoes `pad_to_stride`."""
    return x[..., : like.shape[-2], : like.shape[-1]]


class Pad(nn.Module):
    """`pad` by the same amount on every side, as a layer."""

    def __init__(self, amount: int) -> None:
        super().__init__()
        self.amount = amount

    def forward(self, x: Tensor) -> Tensor:
        return pad(x, self.amount, self.amount, self.amount, self.amount)
