"""Keep the content's colours: the painting gives the lightness, the content the chrominance."""

from __future__ import annotations

from torch import Tensor

from vidstyle.temporal.raster import luma

__all__ = ["keep_color"]


def keep_color(painted: Tensor, content: Tensor) -> Tensor:
    """The painting's luma with the content's colour differences; both (N, 3, H, W) in [0, 1], the result unclamped.

    Colour differences are B − Y and R − Y, so adding one luma step to all three channels changes luma alone.
    """
    return content + (luma(painted) - luma(content))
