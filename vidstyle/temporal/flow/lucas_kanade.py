"""Optical flow in PyTorch, batched, on any device, without weights.

Source: Bruhn, Weickert, Schnörr 2005 (combined local-global method: Lucas–Kanade's window, Horn–Schunck's smoothness
where the window shows nothing), coarse to fine with warping, a median after every warp (Sun, Roth, Black 2010).
"""

from __future__ import annotations

import torch
from kornia.filters import box_blur, gaussian_blur2d, median_blur, spatial_gradient
from kornia.geometry.transform import build_pyramid
from torch import Tensor

from vidstyle.temporal.raster import enlarged, luma
from vidstyle.temporal.warp import warp

__all__ = ["LucasKanade"]

COARSEST = 12
"""Shortest side of the pyramid's top, in pixels."""


class LucasKanade:
    """Flow (N, 2, H, W) of N pairs of frames at once.

    warps: at each level of the pyramid; steps: of the solver in each of them; window: deviation in pixels of the
    Gaussian over which a motion is taken to be constant; smoothness: what a flow unlike its surroundings costs.
    """

    def __init__(self, warps: int = 4, steps: int = 12, window: float = 1.5, smoothness: float = 2e-4) -> None:
        self.warps, self.steps, self.window, self.smoothness = warps, steps, window, smoothness

    @torch.no_grad()
    def __call__(self, first: Tensor, second: Tensor) -> Tensor:
        levels = [self._pyramid(frames) for frames in (first, second)]
        flow = first.new_zeros(len(first), 2, *levels[0][-1].shape[-2:])
        for one, other in zip(reversed(levels[0]), reversed(levels[1]), strict=True):
            flow = enlarged(flow, (one.shape[-2], one.shape[-1]))
            for _ in range(self.warps):
                flow = self._better(flow, one, other)
        return flow

    def _pyramid(self, frames: Tensor) -> list[Tensor]:
        gray = luma(frames) if frames.shape[1] == 3 else frames
        # Structures without their brightness: a lamp that is switched on is no motion.
        gray = gray - 0.7 * gaussian_blur2d(gray, (21, 21), (5.0, 5.0), border_type="replicate")
        depth = 1 + max(0, int(torch.tensor(min(gray.shape[-2:]) / COARSEST).log2()))
        return build_pyramid(gray, depth, border_type="replicate")

    def _better(self, flow: Tensor, first: Tensor, second: Tensor) -> Tensor:
        """One warp: the flow that explains what is left between `first` and the moved `second`."""
        moved = warp(second, flow)
        slopes = spatial_gradient((first + moved) / 2, mode="sobel")[:, 0]  # (N, 2, H, W): ∂x, ∂y
        dx, dy = slopes[:, :1], slopes[:, 1:]
        dt = moved - first
        side = 2 * round(2 * self.window) + 1
        products = torch.cat([dx * dx, dx * dy, dy * dy, dx * dt, dy * dt], 1)
        products = gaussian_blur2d(products, (side, side), (self.window, self.window), border_type="replicate")
        xx, xy, yy, xt, yt = products.split(1, 1)
        xx, yy = xx + self.smoothness, yy + self.smoothness
        determinant = xx * yy - xy * xy
        start = flow
        for _ in range(self.steps):
            mean = box_blur(flow, (3, 3), border_type="replicate")
            u, v = (mean - start).split(1, 1)
            # What the mean leaves unexplained, of ∂x·residual and ∂y·residual.
            a = (xx - self.smoothness) * u + xy * v + xt
            b = xy * u + (yy - self.smoothness) * v + yt
            flow = mean - torch.cat([yy * a - xy * b, xx * b - xy * a], 1) / determinant
        return median_blur(flow, (5, 5))
