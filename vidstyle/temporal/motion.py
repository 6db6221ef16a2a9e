"""What moves from one frame to another, and how far that is believed."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .flow import FlowEstimator
from .flow.estimator import enlarged
from .raster import apart, blurred, faded, laid_over, moved, resized, root

__all__ = ["Motion", "Past", "Shares", "find_motion"]

MISMATCH, CONTRAST = 0.01, 0.8
"""Difference of a moved frame and the next one, beyond the noise, at which a flow is hardly believed: in [0, 1], and
with a share of the contrast around. In the dark a wrong flow makes a small difference."""
NOISE = 0.03
"""Largest difference that is taken for noise."""
LIGHT, WIDE, FADING = 0.003, 8.0, 0.5
"""Change of luma, in the mean around, at which the light is taken to change; how far around, as the deviation of a
Gaussian in pixels; what is then lost of what was held."""
HASTE = 1 / 20
"""Motion, over the frame's longer side, that no eye follows: what is painted there need not be steady."""
STILL = 1 / 1200
"""Motion, over the frame's longer side, below which a place rests."""
EXPLAINED = 0.35
"""Share of the difference of two frames that a motion must explain not to be taken for noise."""
FEIGNED, FLAT = (1.5, 5.0), 0.012
"""Where it may be noise: as many times what it changes by from frame to frame, for noise does not go on as it began.
The second where contrast is far below FLAT, for there an estimator sees nothing but noise."""
AROUND, LATEST = 3.0, 0.25
"""That change is a mean: around a place, as the deviation of a Gaussian in pixels, and of frames, with so much of the
latest."""
MEMORY = 0.9
"""What is kept from frame to frame of a motion that is not followed yet: of noise little adds up."""


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

    slip: (1, 2, h, w), small motion that is still to be followed. known: (1, 1, h, w), contents that were held as the
    paintings were; it is they that must look like the next frame. course: (1, 2, h, w), the motion so far, as it was
    estimated. shake: (1, 1, h, w), mean squared change of it.
    """

    slip: Tensor
    known: Tensor
    course: Tensor
    shake: Tensor


@dataclass
class Motion:
    """From one frame to another, at half the size at which flow is estimated: no estimator knows finer detail.

    flow: (1, 2, h, w) in pixels; 0 where a place rests. trust: (1, 1, h, w) in [0, 1], the weight of what it brings.
    explains: share of the frames' difference that the motion takes away. rests: (1, 1, h, w) in [0, 1], where nothing
    moves. seen, brought: (1, 1, h, w), the first frame, and what is known of the second one, moved. slip, course,
    shake: as in Past.
    """

    flow: Tensor
    trust: Tensor
    explains: float
    rests: Tensor
    seen: Tensor
    brought: Tensor
    slip: Tensor
    course: Tensor
    shake: Tensor

    @property
    def past(self) -> Past:
        """What this tells the next frame; what is known is joined as the paintings are."""
        return Past(self.slip, laid_over(self.seen, self.brought, self.trust), self.course, self.shake)


def find_motion(
    estimate: FlowEstimator, first: Tensor, second: Tensor, shares: Shares, past: Past | None = None
) -> Motion:
    """The motion from `first` to `second`, both luma, (1, 1, h, w) in [0, 1]. past: at the size of a Motion."""
    size = max(1, first.shape[-2] // 2), max(1, first.shape[-1] // 2)
    flow = whole = enlarged(estimate(first, second), size)
    first, second = resized(first, size), past.known if past else resized(second, size)
    shake = torch.zeros_like(first)
    if past:
        whole = flow + moved(past.slip, flow, cubic=False)
        shake = past.shake + LATEST * (blurred(_squared(flow - past.course), AROUND) - past.shake)
    still = blurred(apart(second, first), 1.0)
    mismatch = blurred(apart(moved(second, whole, cubic=False), first), 1.0)
    explains = 1 - float(mismatch.mean() / still.mean().clamp_min(1e-6))

    # Of a place that rests, an estimator sees the noise moving. What rests is not resampled, so it stays sharp.
    noisy = faded(((still - mismatch) / (EXPLAINED * still + 0.005)).clamp_min(0).square())
    noisy = noisy * faded((still / NOISE).square())
    contrast = blurred(apart(first, blurred(first, 1.5)), 1.5)
    feigned = FEIGNED[0] + (FEIGNED[1] - FEIGNED[0]) * faded((contrast / FLAT).square())
    limit = max(size) * STILL + feigned * noisy * root(shake)
    # What is too small to be told from noise is kept in mind: a slow motion adds up until it is followed.
    rests = faded(_squared(whole) / (2 * limit.square())) if shares.rest else torch.zeros_like(first)

    along = whole * (1 - rests)
    brought = moved(second, along)
    differs = blurred(apart(brought, first), 1.0)
    share = shares.moving + (shares.resting - shares.moving) * rests
    trust = share
    if shares.doubt:
        haste = _squared(flow) / (HASTE * max(size)) ** 2
        doubt = _doubt(contrast, differs).square() + haste
        trust = share * (1 - FADING * _lit(first - brought, differs)) * faded(doubt)
    # What a new painting takes the place of has no slip.
    slip = MEMORY * whole * rests * trust
    return Motion(along, trust, explains, rests, first, brought, slip, flow, shake)


def _doubt(contrast: Tensor, differs: Tensor) -> Tensor:
    """How far a frame differs from what should look like it, beyond the noise, in proportion to the contrast around."""
    some = differs[..., ::2, ::2].flatten()
    noise = some.kthvalue(1 + len(some) // 4).values.clamp(max=NOISE)
    return (differs - noise).clamp_min(0) / (MISMATCH + CONTRAST * contrast)


def _lit(change: Tensor, differs: Tensor) -> Tensor:
    """Where nearly all that changes changes alike: the light does, and a painting of the past is too bright or dark."""
    light, whole = blurred(change, WIDE).square(), blurred(differs, WIDE).square()
    return (1 - faded(light / LIGHT**2)) * (light / (whole + 1e-9)).square()


def _squared(flow: Tensor) -> Tensor:
    """Squared length, (1, 1, h, w)."""
    return flow[:, :1].square() + flow[:, 1:].square()
