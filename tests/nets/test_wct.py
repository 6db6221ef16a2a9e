"""Whitening and colouring, against NumPy and with the published weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from vidstyle.nets.wct import coloured, moments
from vidstyle.pictures import load_square
from vidstyle.zoo import load

SHARED = Path(__file__).parents[2].parent / "shared"


def test_features_get_the_styles_mean_and_covariance() -> None:
    torch.manual_seed(0)
    mixing = torch.randn(6, 6)
    content = torch.einsum("cd,ndhw->nchw", mixing, torch.randn(2, 6, 20, 30)) + 3
    style = torch.einsum("cd,ndhw->nchw", torch.randn(6, 6), torch.randn(1, 6, 25, 16)) - 1
    found = coloured(content, *moments(style)).numpy()
    flat = style[0].flatten(1).numpy()
    for picture in found:
        np.testing.assert_allclose(picture.mean((1, 2)), flat.mean(1), atol=1e-3)
        np.testing.assert_allclose(np.cov(picture.reshape(6, -1), ddof=0), np.cov(flat, ddof=0), atol=2e-2)


def test_what_is_flat_stays_flat() -> None:
    style = torch.randn(1, 6, 25, 16)
    found = coloured(torch.full((1, 6, 8, 8), 0.7), *moments(style))
    torch.testing.assert_close(found, style.mean((2, 3))[..., None, None].expand_as(found), atol=1e-4, rtol=0)
    # One position has no covariance either.
    assert coloured(torch.rand(1, 6, 1, 1), *moments(style)).isfinite().all()


@torch.no_grad()
def test_the_published_decoders_give_back_what_was_encoded() -> None:
    if not SHARED.exists():
        pytest.skip("needs ../shared/peers")
    net = load(SHARED / "peers" / "wct").net
    photo = next(iter(sorted((SHARED / "data" / "photos").rglob("*.jpg"))))
    x = torch.from_numpy(load_square(photo, 256)).permute(2, 0, 1)[None] / 255
    for level, least in ((1, 22), (2, 25), (3, 22)):
        tap = f"relu{level}_1"
        again = getattr(net, f"decoder{level}")(net.encoder(x, taps=(tap,))[tap])
        assert -10 * (again - x).square().mean().log10() > least  # PSNR in dB
    style = x.flip(1) * torch.tensor([1.0, 0.5, 0.2])[:, None, None]
    painted = net(x, net.encode_style(style))
    # The last level is nearly the pixels: the palette is the style's.
    assert (painted.mean((2, 3)) - style.mean((2, 3))).abs().max() < 0.05
