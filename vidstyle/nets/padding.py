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


def pad_to_stride(x: Tensor, stride: int, margin: int = 0, least: int = 1) -> Tensor:
    """Pad (N, C, H, W) at the right and the bottom to whole multiples of `stride`, then by `margin` on every side.

    least: the smallest multiple.
    """
    bottom, right = (max(-side % stride, least * stride - side) for side in x.shape[-2:])
    if not (right or bottom or margin):
        return x
    return pad(x, margin, margin + right, margin, margin + bottom)


def crop(x: Tensor, like: Tensor, margin: int = 0) -> Tensor:
    """The part of `x` that `pad_to_stride` made of `like`, with its height and width: undoes the padding."""
    return x[..., margin : margin + like.shape[-2], margin : margin + like.shape[-1]]


class Pad(nn.Module):
    """`pad` by the same amount on every side, as a layer."""

    def __init__(self, amount: int) -> None:
        super().__init__()
        self.amount = amount

    def forward(self, x: Tensor) -> Tensor:
        return pad(x, self.amount, self.amount, self.amount, self.amount)
