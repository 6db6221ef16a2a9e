"""Keep the content's colours: the painting gives the lightness, the content the chrominance."""

from __future__ import annotations

from torch import Tensor

__all__ = ["keep_color"]

# ITU-R BT.709, item 3.2: the luma weights of R, G, B.
LUMA = (0.2126, 0.7152, 0.0722)


def luma(frames: Tensor) -> Tensor:
    """(N, 3, H, W) -> (N, 1, H, W)."""
    return frames.mul(frames.new_tensor(LUMA)[:, None, None]).sum(1, keepdim=True)


def keep_color(painted: Tensor, content: Tensor) -> Tensor:
    """The painting's luma with the content's colour differences; both (N, 3, H, W) in [0, 1], the result unclamped.

    Colour differences are B − Y and R − Y, so adding one luma step to all three channels changes luma alone.
    """
    return content + (luma(painted) - luma(content))
