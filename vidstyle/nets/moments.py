"""Channel means and standard deviations, and AdaIN, which exchanges them.

Source: Huang & Belongie 2017, equations 5–8.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .statistics import whole

__all__ = ["adain", "mean_std"]


def mean_std(features: Tensor, eps: float = 1e-5) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of every channel: (N, C, H, W) -> two of (N, C, 1, 1).

    The variance is the unbiased one plus `eps`, as in the published PyTorch nets; of a single pixel it is `eps`.
    """
    correction = 1 if features.shape[-2] * features.shape[-1] > 1 else 0
    var, mean = torch.var_mean(features, dim=(-2, -1), correction=correction, keepdim=True)
    return mean, (var + eps).sqrt()


def adain(features: Tensor, mean: Tensor, std: Tensor, strength: float = 1.0) -> Tensor:
    """`features` (N, C, H, W) given the `mean` and `std` (N or 1, C, 1, 1) of a style (equation 8).

    strength: from 0, `features` themselves, to 1, the full exchange (equation 14).
    """
    own_mean, own_std = whole(lambda: mean_std(features))
    # Both the exchange and the blend are affine. Centred first: in half precision, scaling a large mean and taking it
    # away afterwards would lose the features of a nearly constant channel.
    scale = strength * std / own_std + (1 - strength)
    centre = strength * mean + (1 - strength) * own_mean
    return (features - own_mean) * scale + centre
