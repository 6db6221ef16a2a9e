"""The same picture operations by OpenCV (float32) and by PyTorch (any other type)."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from vidstyle.temporal import detail, raster


@pytest.mark.parametrize(
    "work",
    [
        raster.luma,
        lambda x: raster.resized(x, (12, 18)),
        lambda x: raster.resized(x, (60, 90)),
        lambda x: raster.blurred(x, 1.0),
        lambda x: raster.blurred(x, 2.0),
        lambda x: raster.moved(x, flow_like(x)),
        lambda x: raster.moved(x, flow_like(x), cubic=False),
        lambda x: raster.laid_over(x, x.flip(-1), x[:, :1]),
        lambda x: raster.laid_over(x, x.flip(-1), -x[:, :1]),
        lambda x: raster.apart(x, x.flip(-1)),
        lambda x: raster.enlarged(x[:, :2], (72, 81)),
        lambda x: raster.carried(x, x.flip(-1), flow_like(x)[..., ::2, ::3] / 3, x[:, :1, ::2, ::2]),
        lambda x: raster.carried(x, x.flip(-1), flow_like(x)[..., ::2, ::3] / 3, x[:, :1, ::2, ::2], colours=False),
        lambda x: raster.lit(x, x[:, :1], x[:, 1:2, ::2, ::3], x[:, 2:, ::4, ::2]),
        detail.roughness,
        lambda x: detail.as_detailed(raster.blurred(x, 1.0), detail.roughness(x)),
    ],
)
def test_both_ways_agree(work: Callable[[Tensor], Tensor]) -> None:
    coarse = torch.rand(2, 3, 6, 9, generator=torch.Generator().manual_seed(0))
    x = torch.nn.functional.interpolate(coarse, (36, 54), mode="bicubic").clamp(0, 1)
    ours, theirs = work(x), work(x.double())
    # Away from the border, which the two repeat and round each in its own way; OpenCV warps in steps of 1/32 pixel.
    inside = (..., slice(3, -3), slice(3, -3))
    torch.testing.assert_close(ours[inside], theirs[inside].float(), atol=0.01, rtol=0)
    assert (ours - theirs).abs().mean() < 2e-3


def flow_like(x: Tensor) -> Tensor:
    y, column = torch.meshgrid(torch.arange(36.0), torch.arange(54.0), indexing="ij")
    return torch.stack([1.5 + 0.02 * y, -0.7 + 0.01 * column])[None].repeat(2, 1, 1, 1).to(x.dtype)


def test_a_whole_pixel_flow_is_a_shift() -> None:
    x, flow = torch.rand(1, 3, 12, 16), torch.zeros(1, 2, 12, 16)
    flow[:, 0], flow[:, 1] = 3, -2
    for cubic in (True, False):
        torch.testing.assert_close(raster.moved(x, flow, cubic)[..., 2:, :-3], x[..., :-2, 3:], atol=1e-5, rtol=0)
