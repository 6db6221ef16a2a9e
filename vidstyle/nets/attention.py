"""Self-attention over the places of a picture.

Source: Zhang et al. 2019, "Self-Attention Generative Adversarial Networks", section 3.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["SelfAttention"]


class SelfAttention(nn.Module):
    """Every place of (N, C, h, w) takes from all places what is like it; untrained, nothing.

    Places are asked of at half the size, so that large frames do not take the square of their places.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.parts = (max(8, channels // 8),) * 2 + (max(8, channels // 2),)
        self.into = nn.Conv2d(channels, sum(self.parts), 1)
        self.out = nn.Conv2d(self.parts[-1], channels, 1)
        self.share = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = self.into(x).split(self.parts, dim=1)
        # A single row or column stays as it is.
        key, value = (_places(F.max_pool2d(part, 2, ceil_mode=True)) for part in (key, value))
        found = F.scaled_dot_product_attention(_places(query), key, value)  # (N, h·w, parts)
        return x + self.share * self.out(found.transpose(1, 2).unflatten(2, x.shape[2:]))


def _places(x: Tensor) -> Tensor:
    """(N, C, h, w) -> (N, h·w, C)."""
    return x.flatten(2).transpose(1, 2)
