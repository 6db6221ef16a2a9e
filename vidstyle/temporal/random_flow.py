"""Made-up motion: teaches stability without a video and without a flow network.

Source: Wang et al. 2020 (ReReVST), section 3.3.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["random_flow"]


def random_flow(
    count: int,
    height: int,
    width: int,
    *,
    local: float = 8.0,
    shift: float = 10.0,
    grid: int = 6,
    device: torch.device | str = "cpu",
    generator: torch.Generator | None = None,
) -> Tensor:
    """Smooth random flow: a coarse grid of normal deviates, enlarged, plus one shift for the whole picture.

    `local` is the largest deviation on the grid and `shift` the largest shift, both in pixels. Every flow has a
    strength of its own, small ones more often, for most frames of a film differ by little. Returns (count, 2, H, W).
    """
    coarse = local * torch.randn(count, 2, grid, grid, device=device, generator=generator)
    whole = shift * (2 * torch.rand(count, 2, 1, 1, device=device, generator=generator) - 1)
    strength = torch.rand(count, 1, 1, 1, device=device, generator=generator).square()
    return strength * (F.interpolate(coarse, (height, width), mode="bicubic", align_corners=True) + whole)
