"""Keep paintings steady in time: what the frames before, and where it may those after, show is carried along.

The painting of a frame is joined with the one held before it, moved along the content's optical flow, wherever that
flow can be believed. Nothing drifts, for every frame adds its own painting to what is held.

Sources: Ruder et al. 2016 (warping with an occlusion mask); Bonneel et al. 2015 (blind temporal consistency).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from vidstyle.errors import OptionError

from .chain import agreement
from .cuts import SAME_SHOT, is_cut, thumbnail
from .detail import as_detailed, roughness
from .flow import ON_DEVICE, flow_estimator
from .memory import ClipMemory, Moment
from .motion import Motion, Past, Shares, find_motion
from .raster import LONGEST, carried, enlarged, luma, resized, shrunk

__all__ = ["LEVELS", "PARTS", "Level", "Seen", "Stabiliser", "find_level"]


@dataclass(frozen=True)
class Level:
    """How much is done for steadiness."""

    flow: str = "dis"
    """What finds motion."""
    pixels: int = 160_000
    """At about so many pixels flow is estimated; never at more than the frame has."""
    large: tuple[float, int] = (0, 0)
    """In a large frame at this share of its pixels, at most at so many."""
    early: bool = False
    """Frames are halved before flow is estimated, not flow afterwards: what is made of it has half the size anyhow."""
    ahead: int = 0
    """Frames looked ahead, by which the result comes later. With them, flow is estimated both ways."""
    recall: float = 0.5
    """Weight of what the earliest of the frames that wait brings, where there are any."""
    shares: Shares = field(default_factory=Shares)
    sharpness: bool = True
    """What averaging softens is given back."""
    colours: bool = False
    """What is fine in colours is moved and given back as that in luma is; otherwise it is softer and costs less."""


LEVELS = {
    "fast": Level(flow="dis-fast", pixels=44_000, large=(0.19, 400_000), early=True, shares=Shares(moving=0.68)),
    # What later frames bring back, a mistake of the flow does not spoil: more of the past may stay.
    "best": Level(ahead=4, shares=Shares(moving=0.93), colours=True),
}

PARTS: dict[str, Callable[[Level], Level]] = {
    "ahead": lambda level: replace(level, ahead=0),
    "recall": lambda level: replace(level, recall=0),
    "rest": lambda level: replace(level, shares=replace(level.shares, rest=False)),
    "doubt": lambda level: replace(level, shares=replace(level.shares, doubt=False)),
    "sharpness": lambda level: replace(level, sharpness=False),
    "colours": lambda level: replace(level, colours=False),
}
"""What a level is made of beside the join along the motion, and what it is without that part: to measure each alone."""


def find_level(name: str) -> Level:
    """The level of that name, less the parts that are named after it: "best", "best-ahead-sharpness".

    OptionError where there is no such level or part.
    """
    level, *parts = name.split("-")
    if level not in LEVELS:
        raise OptionError(f"no temporal level is called {level}; choose off, {' or '.join(LEVELS)}")
    found = LEVELS[level]
    for part in parts:
        if part not in PARTS:
            raise OptionError(f"no temporal level has a part called {part}; parts: {', '.join(PARTS)}")
        found = PARTS[part](found)
    return found


class Seen(NamedTuple):
    """What is seen of a frame: its luma, (1, 1, h, w), at the size at which flow is estimated, and its thumbnail."""

    luma: Tensor
    thumbnail: np.ndarray


class Stabiliser:
    """Steadies the paintings of a clip, frame by frame. All that it remembers is in the ClipMemory that it is given.

    Paintings stay on their device. Motion is small and made of many small steps: it is worked out on the CPU.
    """

    def __init__(self, level: str | Level = "fast", device: torch.device | str = "cpu", flow: str = "auto") -> None:
        """level: a name that `find_level` knows or a Level of one's own; flow: in place of the level's.

        OptionError for a level that is not there; InputError where the flow's weights cannot be had.
        """
        self.level = find_level(level) if isinstance(level, str) else level
        if flow not in ("auto", self.level.flow):
            self.level = replace(self.level, flow=flow, early=False)
        flow = self.level.flow
        self.where = torch.device(device if flow in ON_DEVICE else "cpu")
        self.estimator = flow_estimator(flow, device)

    def look(self, content: Tensor) -> Seen:
        """All that there is to know of a frame, float32, (1, 3, H, W) in [0, 1].

        Before it is painted that is cheapest: on a CPU it is still in the cache, and a GPU has not begun to paint.
        """
        share, most = self.level.large
        pixels = max(self.level.pixels, min(most, round(share * content.shape[-2] * content.shape[-1])))
        small = shrunk(content, pixels, quick=not self.level.ahead).cpu()
        gray = luma(small)
        return Seen(resized(gray, _half(gray)) if self.level.early else gray, thumbnail(small))

    def __call__(
        self, content: Tensor | Seen, painted: Tensor, memory: ClipMemory, index: int | None = None
    ) -> list[Tensor]:
        """The next frame of a clip and its painting, both float32, (1, 3, H, W) in [0, 1] -> what is finished.

        content: or what `look` has seen of it. Finished is the frame itself, or at a level that looks ahead an earlier
        one, or none yet, oldest first; `finish` hands out the rest. index: the frame's number; one that does not follow
        the last makes it forget the past.
        """
        seen, now = content if isinstance(content, Seen) else self.look(content)
        before = memory.moments[-1] if memory.moments else None
        gap = None not in (index, memory.following) and index != memory.following
        if before and (gap or before.held.shape != painted.shape or max(painted.shape) > LONGEST):
            before = None
        back = None
        if before:
            back = self._motion(seen, before.known, before.past)
        if back and memory.thumbnail is not None and is_cut(memory.thumbnail, now) and 1 - back.explains > SAME_SHOT:
            before = back = None
        done = [] if before else self.finish(memory)
        moment = Moment(seen, painted, roughness(painted))
        if before and back:
            if self.level.ahead:
                self._look_ahead(before, seen, back)
            moment.held = self._carried(before.held, painted, back.flow, back.trust)
            moment.known, moment.past, moment.kept = back.joined(seen), back.past, back.trust
            if self.level.recall and len(memory.moments) > 1:
                self._recall(memory.moments[0], len(memory.moments), moment, seen)
        memory.moments.append(moment)
        memory.waiting += 1
        memory.thumbnail = now
        memory.following = None if index is None else index + 1
        if memory.waiting > self.level.ahead:
            done.append(self._hand_out(memory))
        while len(memory.moments) > max(1, memory.waiting):
            memory.moments.popleft()
        return done

    def finish(self, memory: ClipMemory) -> list[Tensor]:
        """What is left when a clip or a shot has ended, oldest first; the memory is empty afterwards."""
        done = []
        while memory.waiting:
            done.append(self._hand_out(memory))
        memory.reset()
        return done

    def estimate(self, first: Tensor, second: Tensor) -> Tensor:
        """The flow between two small frames, all on the CPU."""
        return self.estimator(first.to(self.where), second.to(self.where)).cpu()

    def _look_ahead(self, before: Moment, seen: Tensor, back: Motion) -> None:
        """Tell `before` of its future, and `back` of what only one of the two frames shows."""
        onward = self._motion(before.known, back.joined(seen), before.past and Past(before.past.shake))
        # What rests is not asked: of noise the ways there and back would have to agree.
        there, again = (torch.from_numpy(motion.flow)[None] for motion in (back, onward))
        back.trust = back.trust * np.maximum(agreement(there, again)[0, 0].numpy(), back.rests)
        both = np.maximum(agreement(again, there)[0, 0].numpy(), onward.rests)
        # The future is for what the past does not show: both together would only be softer.
        new = 1 if before.kept is None else 1 - before.kept
        before.onward, before.trust = onward.flow, onward.trust * both * new

    def _recall(self, early: Moment, frames: int, moment: Moment, seen: Tensor) -> None:
        """Join a moment also with one so many frames before it, found directly.

        On the way from frame to frame errors add up, and what is covered is lost.
        """
        there = self._motion(seen, early.known, moment.past and Past(moment.past.shake), frames)
        way = torch.from_numpy(there.flow)[None]
        again = enlarged(self.estimate(early.known, seen), (way.shape[-2], way.shape[-1]))
        there.trust = self.level.recall * there.trust * agreement(way, again)[0, 0].numpy()
        moment.held = self._carried(early.held, moment.held, there.flow, there.trust)
        moment.known = there.joined(moment.known)

    def _motion(self, seen: Tensor, known: Tensor, past: Past | None, frames: int = 1) -> Motion:
        size = (seen.shape[-2], seen.shape[-1]) if self.level.early else _half(seen)
        return find_motion(self.estimate, seen, known, size, self.level.shares, past, frames)

    def _carried(self, held: Tensor, painted: Tensor, flow: np.ndarray, trust: np.ndarray) -> Tensor:
        way, weight = (torch.from_numpy(x).to(painted.device) for x in (flow[None], trust[None, None]))
        return carried(held, painted, way, weight, self.level.colours)

    def _hand_out(self, memory: ClipMemory) -> Tensor:
        """The oldest frame that waits, joined with the frames after it."""
        ahead = list(memory.moments)[-memory.waiting :]
        memory.waiting -= 1
        result = ahead[-1].held
        for moment in reversed(ahead[:-1]):
            assert moment.onward is not None
            assert moment.trust is not None
            result = self._carried(result, moment.held, moment.onward, moment.trust)
        if not self.level.sharpness:
            return result
        return as_detailed(result, ahead[0].rough, self.level.colours)


def _half(x: Tensor) -> tuple[int, int]:
    return x.shape[-2] // 2, x.shape[-1] // 2
