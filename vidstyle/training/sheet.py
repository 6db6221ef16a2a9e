"""A sheet of samples: styles across the top, contents down the left, paintings between."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from vidstyle.nets.protocol import StyleNet
from vidstyle.pictures import as_image

__all__ = ["sample_sheet"]


@torch.no_grad()
def sample_sheet(net: StyleNet, contents: Tensor, styles: Tensor, path: Path) -> None:
    """Paint every content in every style and save the grid.

    contents (N, 3, H, W) and styles (M, 3, H, W), in [0, 1] and of one size.
    """
    training = net.training
    net.eval()
    rows = [torch.cat([torch.ones_like(contents[:1]), styles])]
    codes = [net.encode_style(style[None]) for style in styles]
    for content in contents:
        rows.append(torch.cat([content[None], *(net(content[None], code) for code in codes)]))
    net.train(training)
    grid = torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1)  # (3, rows · H, columns · W)
    as_image(grid).save(path)
