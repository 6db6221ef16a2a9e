"""What moves from one frame to another, and how far that is believed."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from .flow import FlowEstimator
from .flow.estimator import enlarged
from .raster import apart, blurred, faded, laid_over, moved, resized

__all__ = ["Motion", "Shares", "find_motion"]

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
STILL, NOISY = 1 / 2000, 1 / 600
"""Motion, over the frame's longer side, below which a place rests: one that is seen, and one that noise may feign."""
EXPLAINED = 0.35
"""Share of the difference of two frames that a motion must explain not to be taken for noise."""
MEMORY = 0.9
"""What is kept from frame to frame of a motion that is not followed yet: of noise little adds up."""


@dataclass(frozen=True)
class Shares:
    """How much of what was held stays, where it can be trusted."""

    moving: float = 0.75
    """Where things move: the more, the steadier and the softer."""
    resting: float = 0.99
    """Where nothing moves, and nothing is softened by resampling."""


@dataclass
class Motion:
    """From one frame to another, at half the size at which flow is estimated: no estimator knows finer detail.

    flow: (1, 2, h, w) in pixels; 0 where a place rests. trust: (1, 1, h, w) in [0, 1], the weight of what it brings.
    slip: (1, 2, h, w), small motion that is not in `flow`. explains: share of the frames' difference that the motion
    takes away. rests: (1, 1, h, w) in [0, 1], where nothing moves. seen, brought: (1, 1, h, w), the first frame, and
    what is known of the second one, moved.
    """

    flow: Tensor
    trust: Tensor
    slip: Tensor
    explains: float
    rests: Tensor
    seen: Tensor
    brought: Tensor

    @property
    def known(self) -> Tensor:
        """Both joined, as their paintings are."""
        return laid_over(self.seen, self.brought, self.trust)


def find_motion(
    estimate: FlowEstimator,
    first: Tensor,
    second: Tensor,
    shares: Shares,
    slip: Tensor | None = None,
    known: Tensor | None = None,
) -> Motion:
    """The motion from `first` to `second`, both luma, (1, 1, h, w) in [0, 1].

    slip: small motion up to `second` that is still to be followed. known: contents that were held as the paintings
    were, at the size of a Motion, in place of `second`; it is they that must look like `first`.
    """
    size = max(1, first.shape[-2] // 2), max(1, first.shape[-1] // 2)
    flow = enlarged(estimate(first, second), size)
    whole = flow if slip is None else flow + moved(slip, flow, cubic=False)
    first, second = resized(first, size), resized(second, size) if known is None else known
    still = blurred(apart(second, first), 1.0)
    mismatch = blurred(apart(moved(second, whole, cubic=False), first), 1.0)
    explains = 1 - float(mismatch.mean() / still.mean().clamp_min(1e-6))

    # Of a place that rests, an estimator sees the noise moving. What rests is not resampled, so it stays sharp.
    noisy = faded(((still - mismatch) / (EXPLAINED * still + 0.005)).clamp_min(0).square())
    limit = max(size) * (STILL + (NOISY - STILL) * noisy)
    # What is too small to be told from noise is kept in mind: a slow motion adds up until it is followed.
    rests = faded(_squared(whole) / (2 * limit.square()))

    along = whole * (1 - rests)
    brought = moved(second, along)
    differs = blurred(apart(brought, first), 1.0)
    share = shares.moving + (shares.resting - shares.moving) * rests
    haste = _squared(flow) / (HASTE * max(size)) ** 2
    trust = share * (1 - FADING * _lit(first - brought, differs)) * faded(_doubt(first, differs).square() + haste)
    # What a new painting takes the place of has no slip.
    return Motion(along, trust, MEMORY * whole * rests * trust, explains, rests, first, brought)


def _doubt(frame: Tensor, differs: Tensor) -> Tensor:
    """How far a frame differs from what should look like it, beyond the noise, in proportion to the contrast around."""
    some = differs[..., ::2, ::2].flatten()
    noise = some.kthvalue(1 + len(some) // 4).values.clamp(max=NOISE)
    contrast = blurred(apart(frame, blurred(frame, 1.5)), 1.5)
    return (differs - noise).clamp_min(0) / (MISMATCH + CONTRAST * contrast)


def _lit(change: Tensor, differs: Tensor) -> Tensor:
    """Where nearly all that changes changes alike: the light does, and a painting of the past is too bright or dark."""
    light, whole = blurred(change, WIDE).square(), blurred(differs, WIDE).square()
    return (1 - faded(light / LIGHT**2)) * (light / (whole + 1e-9)).square()


def _squared(flow: Tensor) -> Tensor:
    """Squared length, (1, 1, h, w)."""
    return flow[:, :1].square() + flow[:, 1:].square()
