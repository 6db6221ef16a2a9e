"""Self-attention over the places of a picture.

Source: Zhang et al. 2019, "Self-Attention Generative Adversarial Networks", section 3.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .statistics import whole

__all__ = ["PARTS", "SelfAttention"]

PARTS = (16, 16, 64)
"""Channels of queries, keys and values."""


class SelfAttention(nn.Module):
    """Every place of (N, C, h, w) takes from all places what is like it; untrained, nothing.

    What is taken from has half the size: a quarter of the places.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.into = nn.Conv2d(channels, sum(PARTS), 1)
        self.out = nn.Conv2d(PARTS[-1], channels, 1)
        self.share = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        query, *rest = self.into(x).split(PARTS, dim=1)
        # A single row or column stays as it is.
        key, value = whole(lambda: tuple(_places(F.max_pool2d(part, 2, ceil_mode=True)) for part in rest))
        found = F.scaled_dot_product_attention(_places(query), key, value)  # (N, h·w, parts)
        return x + self.share * self.out(found.transpose(1, 2).unflatten(2, x.shape[2:]))


def _places(x: Tensor) -> Tensor:
    """(N, C, h, w) -> (N, h·w, C)."""
    return x.flatten(2).transpose(1, 2)
