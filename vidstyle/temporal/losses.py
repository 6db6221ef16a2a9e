"""Losses that ask for steadiness in time.

Two pictures are painted, one of which shows the other moved: by a made-up motion, or as two frames of a clip.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from kornia.color import rgb_to_grayscale
from torch import Tensor

from .warp import warp, within

__all__ = ["feature_steadiness", "inside", "steadiness"]


def inside(flow: Tensor, margin: int = 8) -> Tensor:
    """Where a flow (N, 2, H, W) leads to what a picture shows, and away from the border: (N, 1, H, W), 1 or 0."""
    mask = torch.zeros_like(flow[:, :1])
    mask[..., margin:-margin, margin:-margin] = 1
    return mask * within(flow)


def steadiness(
    painted: Tensor,
    painted_later: Tensor,
    flow: Tensor,
    mask: Tensor | None = None,
    contents: tuple[Tensor, Tensor] | None = None,
) -> Tensor:
    """How much painting and moving fail to commute: mean |painted_later − warp(painted)|.

    painted, painted_later: (N, 3, H, W), paintings of a picture and of what it has become; flow: (N, 2, H, W) in
    pixels, from the later to the earlier; mask: (N, 1, H, W), 1 where both show the same. contents: the two pictures,
    where the light may have changed between them: paintings may then change by as much luma as they do.
    Source: Gao et al. 2018 (ReCoNet), eq. 4, with absolute values for squares.
    """
    change = painted_later - warp(painted, flow)
    if contents is not None:
        light = contents[1] - warp(contents[0], flow)
        change = change - rgb_to_grayscale(light)
    return change.abs().mean() if mask is None else _masked(change, mask)


def feature_steadiness(features: Tensor, features_later: Tensor, flow: Tensor, mask: Tensor, stride: int = 8) -> Tensor:
    """The same for what a net computes on the way, (N, C, h, w) at 1/stride of the size; over its mean absolute value.

    Source: Gao et al. 2018 (ReCoNet), eq. 3.
    """
    height, width = flow.shape[-2] // stride, flow.shape[-1] // stride
    # Nets pad pictures to multiples of their strides.
    features, features_later = features[..., :height, :width], features_later[..., :height, :width]
    small = F.interpolate(flow, (height, width), mode="area") / stride
    near = F.interpolate(mask, (height, width), mode="area")
    return _masked(features_later - warp(features, small), near) / features.detach().abs().mean().clamp_min(1e-6)


def _masked(difference: Tensor, mask: Tensor) -> Tensor:
    """Mean absolute value where the mask is 1."""
    return (difference.abs().mean(1, keepdim=True) * mask).sum() / mask.sum().clamp_min(1)
