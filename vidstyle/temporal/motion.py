"""What moves from one frame to another, and how far that is believed."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from . import arrays
from .arrays import averaged, blurred, faded, laid_over, moved, resized
from .flow import FlowEstimator
from .raster import enlarged

__all__ = ["Motion", "Past", "Shares", "find_motion"]

MISMATCH, CONTRAST = 0.01, 0.8
"""Difference of a moved frame and the next one, beyond the noise, at which a flow is hardly believed: in [0, 1], and
with a share of the contrast around. In the dark a wrong flow makes a small difference."""
NOISE = 0.03
"""Largest difference that is taken for noise."""
LIGHT, WIDE, FADING = 0.003, 27, 0.5
"""Change of luma, in the mean around, at which the light is taken to change; how far around, as a square's side in
pixels; what is then lost of what was held."""
HASTE = 1 / 20
"""Motion from frame to frame, over the longer side, that no eye follows: what is painted there need not be steady."""
STILL = 1 / 2400
"""Motion, over the frame's longer side, below which a place rests."""
EXPLAINED = 0.35
"""Share of the difference of two frames that a motion must explain not to be taken for noise."""
FEIGNED, FLAT = (1.5, 5.0), 0.012
"""Where it may be noise: as many times what it changes by from frame to frame, for noise does not go on as it began.
The second where contrast is far below FLAT, for there an estimator sees nothing but noise."""
AROUND, LATEST = 3.0, 0.25
"""That change is a mean: around a place, as the deviation of a Gaussian in pixels, and of frames, with so much of the
latest."""


@dataclass(frozen=True)
class Shares:
    """How much of what was held stays, where it can be trusted."""

    moving: float = 0.75
    """Where things move: the more, the steadier and the softer."""
    resting: float = 0.99
    """Where nothing moves, and nothing is softened by resampling."""
    rest: bool = True
    """Whether anything is taken to rest."""
    doubt: bool = True
    """Whether motion is doubted that brings what looks unlike the frame, that is hasty, or where light changes."""


@dataclass
class Past:
    """What the frames before tell of a motion.

    shake: (h, w), mean squared change of the motion from frame to frame. course: (2, h, w), the motion so far, as it
    was estimated; None where how the next one differs tells nothing.
    """

    shake: np.ndarray
    course: np.ndarray | None = None


@dataclass
class Motion:
    """From a frame to what is known of another one.

    flow: (2, h, w) in pixels; 0 where a place rests. trust: (h, w) in [0, 1], the weight of what it brings. explains:
    share of the difference that the motion takes away. rests: (h, w) in [0, 1], where nothing moves. past: what this
    tells the next frame. brought: (H, W), what is known of the other frame, moved.
    """

    flow: np.ndarray
    trust: np.ndarray
    explains: float
    rests: np.ndarray
    past: Past
    brought: np.ndarray

    def joined(self, known: Tensor) -> Tensor:
        """What it brings, laid over what is known of the frame, (1, 1, H, W), as the paintings are."""
        weight = resized(self.trust, self.brought.shape[:2])
        return torch.from_numpy(laid_over(known[0, 0].numpy(), self.brought, weight))[None, None]


def find_motion(
    estimate: FlowEstimator,
    seen: Tensor,
    known: Tensor,
    size: tuple[int, int],
    shares: Shares,
    past: Past | None = None,
    frames: int = 1,
) -> Motion:
    """The motion from `seen` to `known`, both luma, (1, 1, H, W) in [0, 1], at `size` (h, w), which is past's too.

    frames: the second is so many before or after the first.
    """
    flow = np.ascontiguousarray(enlarged(estimate(seen, known), size)[0].numpy())  # (2, h, w)
    whole, held = seen[0, 0].numpy(), known[0, 0].numpy()
    now, then = resized(whole, size), resized(held, size)
    shake = past.shake if past else np.zeros_like(now)
    if past and past.course is not None:
        shake = shake + LATEST * (blurred(_squared(flow - past.course), AROUND) - shake)
    still = blurred(cv2.absdiff(then, now), 1.0)
    mismatch = blurred(cv2.absdiff(moved(then, cv2.merge(tuple(flow)), cubic=False), now), 1.0)
    explains = 1 - cv2.mean(mismatch)[0] / max(cv2.mean(still)[0], 1e-6)

    # Of a place that rests, an estimator sees the noise moving. What rests is not resampled, so it stays sharp.
    explained = np.maximum(still - mismatch, 0) / (EXPLAINED * still + 0.005)
    noisy = faded(np.square(explained) + np.square(still / NOISE))
    contrast = blurred(cv2.absdiff(now, blurred(now, 1.5)), 1.5)
    feigned = FEIGNED[0] + (FEIGNED[1] - FEIGNED[0]) * faded(np.square(contrast / FLAT))
    limit = max(size) * STILL + feigned * noisy * np.sqrt(shake)
    # What is too small to be told from noise is left: a slow motion adds up until it is followed.
    rests = faded(_squared(flow) / (2 * np.square(limit))) if shares.rest else np.zeros_like(now)

    along = flow * (1 - rests)
    brought = moved(held, arrays.enlarged(cv2.merge(tuple(along)), whole.shape[:2]))
    trust = shares.moving + (shares.resting - shares.moving) * rests
    if shares.doubt:
        there = resized(brought, size)
        differs = blurred(cv2.absdiff(there, now), 1.0)
        doubt = np.square(_doubt(contrast, differs)) + _squared(flow) / (frames * HASTE * max(size)) ** 2
        trust = trust * (1 - FADING * _lit(now - there, differs)) * faded(doubt)
    return Motion(along, trust, explains, rests, Past(shake, flow), brought)


def _doubt(contrast: np.ndarray, differs: np.ndarray) -> np.ndarray:
    """How far a frame differs from what should look like it, beyond the noise, in proportion to the contrast around."""
    some = differs[::2, ::2].ravel()
    noise = min(NOISE, np.partition(some, len(some) // 4)[len(some) // 4])
    return np.maximum(differs - noise, 0) / (MISMATCH + CONTRAST * contrast)


def _lit(change: np.ndarray, differs: np.ndarray) -> np.ndarray:
    """Where nearly all that changes changes alike: the light does, and a painting of the past is too bright or dark."""
    light, whole = (np.square(averaged(x, WIDE)) for x in (change, differs))
    return (1 - faded(light / LIGHT**2)) * np.square(light / (whole + 1e-9))


def _squared(flow: np.ndarray) -> np.ndarray:
    """Squared length of a flow (2, h, w): (h, w)."""
    return np.square(flow[0]) + np.square(flow[1])
