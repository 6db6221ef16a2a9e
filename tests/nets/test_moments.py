"""AdaIN's closed form."""

from __future__ import annotations

import numpy as np
import torch

from vidstyle.nets.moments import adain, mean_std


def test_mean_and_unbiased_deviation():
    x = torch.randn(2, 3, 5, 7, generator=torch.Generator().manual_seed(0))
    mean, std = mean_std(x)
    np.testing.assert_allclose(mean[..., 0, 0], x.numpy().mean((2, 3)), rtol=1e-5)
    np.testing.assert_allclose(std[..., 0, 0], np.sqrt(x.numpy().var((2, 3), ddof=1) + 1e-5), rtol=1e-5)


def test_a_single_pixel_has_no_deviation():
    _, std = mean_std(torch.rand(1, 2, 1, 1))
    np.testing.assert_allclose(std.flatten(), np.sqrt(1e-5), rtol=1e-5)


def test_exchange_and_strength():
    x, style = 3 * torch.randn(2, 4, 8, 8), torch.randn(1, 4, 6, 6) + 1
    mean, std = mean_std(style)
    full = adain(x, mean, std)
    torch.testing.assert_close(full.mean((2, 3), keepdim=True), mean.expand(2, -1, 1, 1), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(full.std((2, 3), keepdim=True), std.expand(2, -1, 1, 1), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(adain(x, mean, std, 0.0), x)
    torch.testing.assert_close(adain(x, mean, std, 0.3), 0.3 * full + 0.7 * x, atol=1e-5, rtol=1e-5)
