"""Keep paintings steady in time: what the frames before, and where it may those after, show is carried along.

The painting of a frame is joined with the one held before it, moved along the content's optical flow, wherever that
flow can be believed. Nothing drifts, for every frame adds its own painting to what is held.

Sources: Ruder et al. 2016 (warping with an occlusion mask); Bonneel et al. 2015 (blind temporal consistency).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vidstyle.errors import OptionError

from .cuts import is_cut, thumbnail
from .detail import as_detailed
from .flow import FlowEstimator, flow_estimator
from .flow.estimator import enlarged
from .memory import ClipMemory, Moment
from .occlusion import visible
from .raster import apart, blurred, laid_over, luma, moved, resized

__all__ = ["LEVELS", "Level", "Stabiliser"]

MISMATCH, CONTRAST = 0.01, 0.8
"""Difference of a moved frame and the next one, beyond the noise, at which a flow is hardly believed: in [0, 1], and
with a share of the contrast around. In the dark a wrong flow makes a small difference."""
HASTE = 1 / 20
"""Motion, over the frame's longer side, that no eye follows: what is painted there need not be steady."""
NOISE = 0.03
"""Largest difference that is taken for noise."""
STILL, NOISY = 0.12, 0.4
"""Motion, in pixels from frame to frame, below which a place rests: one that is seen, and one that noise may feign."""
EXPLAINED = 0.35
"""Share of the difference of two frames that a motion must explain not to be taken for noise."""
SAME_SHOT = 0.5
"""Share that it explains where a sudden change is no cut."""


@dataclass(frozen=True)
class Level:
    """How much is done for steadiness."""

    flow: str = "auto"
    pixels: int = 160_000
    """At about so many pixels flow is estimated; never at more than the frame has."""
    ahead: int = 0
    """Frames looked ahead, by which the result comes later."""
    moving: float = 0.75
    """Share of what was held, where things move: the more, the steadier and the softer."""
    resting: float = 0.97
    """The same where nothing moves and nothing is softened by resampling."""


LEVELS = {
    # Below 32,768 numbers PyTorch works on one thread, which is faster than to wake another.
    "fast": Level(flow="dis-fast", pixels=32_000),
    "best": Level(flow="dis", ahead=4),
}


@dataclass
class _Motion:
    """The flow from one frame to another, (1, 2, h, w), and the weight of what it brings, (1, 1, h, w) in [0, 1].

    slip: what of the motion is left for later. explains: share of the difference between the two frames that the motion
    takes away.
    """

    flow: Tensor
    trust: Tensor
    slip: Tensor
    explains: float


class Stabiliser:
    """Steadies the paintings of a clip, frame by frame. All that it remembers is in the ClipMemory that it is given."""

    def __init__(self, level: str | Level = "fast", device: torch.device | str = "cpu", flow: str = "auto") -> None:
        """level: a name in LEVELS or a Level of one's own; flow: in place of the level's.

        OptionError for a level that is not there; InputError where the flow's weights cannot be had.
        """
        if isinstance(level, str) and level not in LEVELS:
            raise OptionError(f"no temporal level is called {level}; choose off, {', '.join(LEVELS)}")
        self.level = LEVELS[level] if isinstance(level, str) else level
        if flow == "auto" and torch.device(device).type == "cpu":
            flow = self.level.flow
        self.estimate: FlowEstimator = flow_estimator(flow, device)

    def __call__(self, content: Tensor, painted: Tensor, memory: ClipMemory, index: int | None = None) -> list[Tensor]:
        """The next frame of a clip and its painting, both (1, 3, H, W) in [0, 1] -> what is finished, oldest first.

        Finished is the frame itself, or at a level that looks ahead an earlier one, or none yet; `finish` hands out
        the rest. index: the frame's number; one that does not follow the last makes the stabiliser forget the past.
        """
        small = self._small(content)
        seen, now = luma(small), thumbnail(small)
        before = memory.moments[-1] if memory.moments else None
        gap = None not in (index, memory.following) and index != memory.following
        if before is not None and (gap or before.painted.shape != painted.shape):
            before = None
        motion = None if before is None else self._motion(seen, before.seen, before.slip)
        if motion and memory.thumbnail is not None and is_cut(memory.thumbnail, now):
            before = before if motion.explains > SAME_SHOT else None
        done = [] if before else self.finish(memory)
        joined = (self._joined(before, seen, painted, motion), motion.slip) if before and motion else (painted, None)
        memory.moments.append(Moment(seen, painted, *joined))
        memory.waiting += 1
        memory.thumbnail = now
        memory.following = None if index is None else index + 1
        if memory.waiting > self.level.ahead:
            done.append(self._hand_out(memory))
        while len(memory.moments) > memory.waiting + 1:
            memory.moments.popleft()
        return done

    def finish(self, memory: ClipMemory) -> list[Tensor]:
        """What is left when a clip or a shot has ended, oldest first; the memory is empty afterwards."""
        done = []
        while memory.waiting:
            done.append(self._hand_out(memory))
        memory.reset()
        return done

    def _small(self, content: Tensor) -> Tensor:
        height, width = content.shape[-2:]
        scale = min(1.0, (self.level.pixels / (height * width)) ** 0.5)
        size = max(16, round(height * scale)), max(16, round(width * scale))
        return resized(content, size, quick=not self.level.ahead)

    def _joined(self, before: Moment, seen: Tensor, painted: Tensor, back: _Motion) -> Tensor:
        """`painted` with what was held before it; where the level looks ahead, `before` learns of its future."""
        if self.level.ahead:
            onward = self._motion(before.seen, seen)
            scale = seen.shape[-1] / painted.shape[-1]
            back.trust *= visible(back.flow, onward.flow, scale)
            onward.trust *= visible(onward.flow, back.flow, scale)
            before.onward, before.trust = self._full(onward, painted)
        return self._carried(before.held, painted, *self._full(back, painted))

    def _motion(self, first: Tensor, second: Tensor, slip: Tensor | None = None) -> _Motion:
        """slip: motion up to `second` that is still to be followed."""
        flow = self.estimate(first, second)
        still = blurred(apart(second, first), 2.0)
        mismatch = blurred(apart(moved(second, flow, cubic=False), first), 2.0)
        explains = 1 - float(mismatch.mean() / still.mean().clamp_min(1e-6))
        # Of a place that rests, an estimator sees the noise moving. What rests is not resampled, so it stays sharp.
        noisy = torch.exp(-((still - mismatch) / (EXPLAINED * still + 0.005)).clamp_min(0).square())
        limit = STILL + (NOISY - STILL) * noisy
        # What is too small to be told from noise is kept in mind: a slow motion adds up until it is followed.
        whole = flow if slip is None else flow + slip
        rests = torch.exp(-whole.square().sum(1, keepdim=True) / (2 * limit.square()))
        differs = torch.lerp(mismatch, still, rests)
        noise = differs[..., ::4, ::4].flatten().quantile(0.25).clamp(max=NOISE)
        contrast = blurred(apart(first, blurred(first, 3.0)), 3.0)
        doubt = (differs - noise).clamp_min(0) / (MISMATCH + CONTRAST * contrast)
        haste = flow.square().sum(1, keepdim=True) / (HASTE * max(first.shape[-2:])) ** 2
        share = self.level.moving + (self.level.resting - self.level.moving) * rests
        trust = share * torch.exp(-doubt.square() - haste)
        return _Motion(whole * (1 - rests), trust, whole * rests, explains)

    def _full(self, motion: _Motion, painted: Tensor) -> tuple[Tensor, Tensor]:
        """The flow and the trust at the size of the paintings."""
        size = (painted.shape[-2], painted.shape[-1])
        return enlarged(motion.flow, size), resized(motion.trust, size)

    def _carried(self, held: Tensor, painted: Tensor, flow: Tensor, weight: Tensor) -> Tensor:
        return laid_over(painted, moved(held, flow), weight)

    def _hand_out(self, memory: ClipMemory) -> Tensor:
        """The oldest frame that waits, joined with the frames after it."""
        ahead = list(memory.moments)[-memory.waiting :]
        memory.waiting -= 1
        result = ahead[-1].held
        for moment in reversed(ahead[:-1]):
            assert moment.onward is not None
            assert moment.trust is not None
            result = self._carried(result, moment.held, moment.onward, moment.trust)
        return as_detailed(result, ahead[0].painted)
