"""Operations on one picture, an array (H, W) or (H, W, C), float32, by OpenCV.

For what is small, too: a call of OpenCV or NumPy costs a fraction of one of PyTorch.
"""

from __future__ import annotations

import threading
from typing import Any

import cv2
import numpy as np

__all__ = [
    "averaged",
    "blurred",
    "carried",
    "enlarged",
    "faded",
    "halved",
    "laid_over",
    "lit",
    "luma",
    "moved",
    "resized",
]

LUMA = (0.2126, 0.7152, 0.0722)
"""ITU-R BT.709, item 3.2: the luma weights of R, G, B."""
REPEAT = cv2.BORDER_REPLICATE
NONE: Any = None
"""For an argument that the types of OpenCV do not know to be optional."""

WHOLE = np.float32(1024)
"""Sum of the weights of two pictures that are joined. OpenCV adds 1e-5 to it: to 1, again and again, that darkens."""
MOST = 1 << 24
"""Numbers in the largest array that is kept for the next frame."""


class _Room(threading.local):
    """Memory for what is made on the way, a thread's own, kept from frame to frame.

    New memory has to be cleared by the system page by page, which takes as long as the work.
    """

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}

    def __call__(self, name: str, *shape: int) -> np.ndarray:
        """An array of that shape, in which anything may be."""
        found = self.arrays.get(name)
        if found is None or found.shape != shape:
            found = np.empty(shape, np.float32)
            if found.size <= MOST:
                self.arrays[name] = found
        return found


_room = _Room()


def luma(x: np.ndarray) -> np.ndarray:
    """(H, W, 3) -> (H, W)."""
    return cv2.transform(x, np.array([LUMA], np.float32))


def resized(x: np.ndarray, size: tuple[int, int], quick: bool = False, out: np.ndarray = NONE) -> np.ndarray:
    """At `size` (height, width): means of what is made smaller, bilinear where it is made larger.

    quick: bilinear all the same, which leaves out pixels.
    """
    if x.shape[:2] == size:
        return x
    how = cv2.INTER_AREA if size[0] < len(x) and not quick else cv2.INTER_LINEAR
    return cv2.resize(x, size[::-1], out, interpolation=how)


def halved(x: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """At a smaller `size` (height, width), by halves: about the means, which take OpenCV up to ten times as long."""
    while x.shape[:2] != size:
        height, width = max(size[0], len(x) // 2), max(size[1], x.shape[1] // 2)
        whole = x.shape[:2] == (2 * height, 2 * width)
        x = cv2.resize(x, (width, height), interpolation=cv2.INTER_AREA if whole else cv2.INTER_LINEAR)
    return x


def blurred(x: np.ndarray, sigma: float) -> np.ndarray:
    """By a Gaussian of `sigma` pixels, borders repeated."""
    side = 2 * round(2 * sigma) + 1
    return cv2.GaussianBlur(x, (side, side), sigma, borderType=REPEAT)


def averaged(x: np.ndarray, side: int) -> np.ndarray:
    """Means over a square around every pixel, borders repeated: in less than half of a wide Gaussian's time.

    Sums run along, so that of nothing there may remain a little, above or below.
    """
    return cv2.blur(x, (side, side), borderType=REPEAT)


def moved(x: np.ndarray, flow: np.ndarray, cubic: bool = True, out: np.ndarray = NONE) -> np.ndarray:
    """Backward warp: the result at p is `x` at p + flow(p), bicubic or bilinear, borders repeated.

    flow: (H, W, 2) in pixels, (dx, dy).
    """
    how = cv2.WARP_RELATIVE_MAP | (cv2.INTER_CUBIC if cubic else cv2.INTER_LINEAR)
    return cv2.remap(x, flow, NONE, how, out, REPEAT)


def enlarged(flow: np.ndarray, size: tuple[int, int], out: np.ndarray = NONE) -> np.ndarray:
    """A flow (h, w, 2) at another size (height, width), in that size's pixels."""
    if flow.shape[:2] == size:
        return flow
    factors = size[1] / flow.shape[1], size[0] / flow.shape[0]
    return resized(cv2.transform(flow, np.diag(factors).astype(np.float32)), size, out=out)


def carried(held: np.ndarray, painted: np.ndarray, flow: np.ndarray, trust: np.ndarray, colours: bool) -> np.ndarray:
    """`held`, moved along a flow (h, w, 2) of any size, laid over `painted` with `trust`, (h, w).

    colours: moved as luma is, bicubic; otherwise bilinear, in half the time.
    """
    height, width = painted.shape[:2]
    way = enlarged(flow, (height, width), _room("way", height, width, 2))
    weight = resized(WHOLE * trust, (height, width), out=_room("weight", height, width))
    there = _room("there", *painted.shape)
    if colours:
        moved(held, way, out=there)
    else:
        # Four channels OpenCV moves as one vector, three one by one.
        wide = cv2.cvtColor(held, cv2.COLOR_RGB2RGBA, _room("wide", height, width, 4))
        cv2.cvtColor(moved(wide, way, False, _room("moved", *wide.shape)), cv2.COLOR_RGBA2RGB, there)
        finer = moved(luma(held), way, out=_room("finer", height, width))
        cv2.subtract(finer, luma(there), finer)
        cv2.add(there, cv2.cvtColor(finer, cv2.COLOR_GRAY2RGB, _room("whole", *there.shape)), there)
    return cv2.blendLinear(painted, there, np.subtract(WHOLE, weight, out=_room("rest", height, width)), weight)


def lit(x: np.ndarray, light: np.ndarray, soft: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """x (H, W, 3) with what `light` (H, W) has more than `soft`, times `weight`, added to every channel, in [0, 1].

    soft, weight: of any size.
    """
    size = x.shape[:2]
    fine = _room("fine", *size)
    cv2.subtract(light, resized(soft, size, out=fine), fine)
    cv2.multiply(fine, resized(weight, size, out=_room("weight", *size)), fine)
    whole = cv2.cvtColor(fine, cv2.COLOR_GRAY2RGB)
    return np.clip(cv2.add(whole, x, dst=whole), 0, 1, out=whole)


def laid_over(below: np.ndarray, above: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """`above` with `weight` (H, W), `below` with the rest; a negative weight leads away from `above`."""
    return cv2.blendLinear(below, above, WHOLE * (1 - weight), WHOLE * weight)


def faded(x: np.ndarray) -> np.ndarray:
    """exp(−x), for x ≥ 0; never so small that a CPU is slow with it."""
    return cv2.exp(np.maximum(-x, np.float32(-30)))
