"""Clips by optimization: some frames are optimized, the others get what is painted there along the optical flow.

Sources: Ruder et al. 2016 (temporal terms, sections 4.1 and 4.2); Jamriška et al. 2019 (keyframes from both sides).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vidstyle.errors import OptionError
from vidstyle.pictures import short_side
from vidstyle.stylizers.code import StyleCode
from vidstyle.stylizers.feedforward import Stylizer
from vidstyle.stylizers.painter import Painter
from vidstyle.temporal.chain import Chain, another_shot
from vidstyle.temporal.cuts import thumbnail
from vidstyle.temporal.flow import flow_estimator
from vidstyle.temporal.raster import luma, shrunk

from .held import Held
from .kept import Kept
from .stylizer import GRAMS, Gatys

__all__ = ["KeyframeMemory", "KeyframeOptions", "Keyframes"]

MOST = 250
"""Frames that may wait for a keyframe; all of them are in memory."""
PIXELS = 160_000
"""At about so many pixels flow is estimated; never at more than the frame has."""
OLDER = 3
"""Keyframes before the last that are remembered: what was covered in the last one may be seen in them."""


@dataclass(frozen=True)
class KeyframeOptions:
    """Which frames are optimized."""

    every: int = 25
    """At least one of so many; 1 for every frame."""
    covered: float = 0.7
    """Share of the frame that must still show what the last keyframe shows; the next one is set where it is less."""
    folder: Path | None = None
    """Where pictures NUMBER.png of frames are taken for keyframes, and where those that are painted are left. NUMBER
    has six digits and counts the frames that are painted, from 0 on."""

    def __post_init__(self) -> None:
        if not 1 <= self.every <= MOST:
            raise OptionError(f"one keyframe in {self.every} frames makes no sense; give 1 to {MOST}")


@dataclass(frozen=True)
class Keyframe:
    """painted: (1, 3, H, W); seen: (1, 1, h, w), the luma of its content, small."""

    painted: Tensor
    seen: Tensor


@dataclass(frozen=True)
class Waiting:
    """A frame (1, 3, H, W) since the last keyframe: its luma, small, the way from the frame before it, and the chain
    back to the keyframe."""

    frame: Tensor
    code: StyleCode
    seen: Tensor
    onward: Chain
    chain: Chain


@dataclass
class KeyframeMemory:
    """Everything that outlives a frame: the last keyframe of the shot and the frames since."""

    last: Keyframe | None = None
    older: list[Keyframe] = field(default_factory=list)
    """Keyframes before the last, newest first."""
    frames: list[Waiting] = field(default_factory=list)
    thumbnail: np.ndarray | None = None
    """The newest content, small, to tell a cut by."""
    following: int = 0
    """Number of the frame that is to come next."""

    def reset(self) -> None:
        """Forget the shot."""
        self.last = self.thumbnail = None
        self.older.clear()
        self.frames.clear()


class Keyframes(Painter):
    """Optimizes keyframes and carries them on; what no keyframe shows, a feed-forward model paints.

    gatys: what optimizes. fill: the model that paints the rest. on_keyframe: receives the frame's number and whether
    its painting was found in the options' folder.
    """

    name = "gatys"
    batches = False

    def __init__(
        self,
        gatys: Gatys,
        fill: Stylizer,
        options: KeyframeOptions | None = None,
        on_keyframe: Callable[[int, bool], None] = lambda number, found: None,
    ) -> None:
        super().__init__(str(gatys.device), gatys.flow)
        if fill.fixed_style or fill.net.styles:
            raise OptionError(f"{fill.name} has a style of its own; what fills in must take any")
        if fill.device != gatys.device:
            raise OptionError(f"what optimizes is on {gatys.device}, what fills in on {fill.device}; put both on one")
        self.gatys, self.fill = gatys, fill
        self.options = options or KeyframeOptions()
        self.on_keyframe = on_keyframe
        self.runtime = gatys.runtime
        self.estimate = flow_estimator(gatys.flow, self.device)

    def remember(self, level: str) -> KeyframeMemory | None:
        """At any level but off, where every frame is painted by itself, keyframes keep the clip steady."""
        return None if level == "off" else KeyframeMemory()

    def encode(self, picture: Tensor) -> tuple[Tensor, ...]:
        """The Gram matrices, then the code of the model that fills."""
        return *self.gatys.encode(picture), *self.fill.encode(short_side(picture, self.fill.style_side))

    def paint(self, frames: Tensor, code: StyleCode) -> Tensor:
        """Every frame by itself."""
        return self.gatys.paint(frames, code)

    def __call__(  # type: ignore[override]
        self, frames: Tensor, code: StyleCode, memory: KeyframeMemory | None = None, index: int | None = None
    ) -> Tensor:
        """As any painter's, but frames come back when the next keyframe is painted; `finish` hands out the last."""
        if memory is None or not code.strength:
            return super().__call__(frames, code)
        finished = [
            done
            for number, frame in enumerate(frames.to(self.device).split(1))
            for done in self._next(frame, code, memory, memory.following if index is None else index + number)
        ]
        return torch.cat(finished) if finished else frames[:0]

    def finish(self, memory: KeyframeMemory) -> list[Tensor]:  # type: ignore[override]
        done = self._between(memory, None, None)
        memory.reset()
        return done

    @torch.no_grad()
    def _next(self, frame: Tensor, code: StyleCode, memory: KeyframeMemory, number: int) -> list[Tensor]:
        """Take in the next frame; what is finished by it, oldest first."""
        seen, now = luma(shrunk(frame, PIXELS)), thumbnail(frame)
        waiting = self._followed(frame, code, seen, now, memory) if number == memory.following else None
        memory.following = number + 1
        if waiting is None or memory.last is None:
            done = self.finish(memory)
            keyframe = Keyframe(self._painted(frame, code, number, None), seen)
        else:
            if self._enough(memory, waiting, number):
                memory.thumbnail = now
                memory.frames.append(waiting)
                return []
            keyframe = Keyframe(self._painted(frame, code, number, self._held(memory, waiting)), seen)
            done = self._between(memory, keyframe, waiting)
            memory.older = [memory.last, *memory.older][:OLDER]
        memory.thumbnail = now
        memory.last = keyframe
        memory.frames.clear()
        return [*done, keyframe.painted]

    def _held(self, memory: KeyframeMemory, waiting: Waiting) -> Held:
        """What earlier keyframes bring to a frame: the newest, and where that cannot be trusted, the next."""
        assert memory.last is not None
        seen = waiting.seen
        whole = _brought(memory.last, waiting.chain, seen)
        for keyframe in memory.older:
            # Straight there: a chain would end where the frames between show something else.
            side = _brought(keyframe, Chain.between(self.estimate, seen, keyframe.seen), seen)
            share = (1 - whole.trust) * side.trust
            trust = whole.trust + share
            picture = whole.picture.lerp(side.picture, share / trust.clamp_min(1e-6))
            whole = Held(picture, trust)
        return whole

    def _followed(
        self, frame: Tensor, code: StyleCode, seen: Tensor, now: np.ndarray, memory: KeyframeMemory
    ) -> Waiting | None:
        """The frame with its way to the last keyframe; None where another shot begins."""
        last = memory.last
        if last is None or last.painted.shape != frame.shape or memory.thumbnail is None:
            return None
        before, chain = last.seen, Chain.at(seen)
        if memory.frames:
            before, chain = memory.frames[-1].seen, memory.frames[-1].chain
        back, onward = Chain.both_ways(self.estimate, seen, before)
        if another_shot(memory.thumbnail, now, back.checked(seen, before)):
            return None
        return Waiting(frame, code, seen, onward, chain.extended(back))

    def _enough(self, memory: KeyframeMemory, waiting: Waiting, number: int) -> bool:
        """Whether the last keyframe does for this frame too."""
        kept = self._kept(waiting.frame, waiting.code, number)
        near = len(memory.frames) + 1 < self.options.every and not (kept and kept.path.is_file())
        assert memory.last is not None
        shown = waiting.chain.checked(waiting.seen, memory.last.seen)
        return near and float(shown.mean()) >= self.options.covered

    def _painted(self, frame: Tensor, code: StyleCode, number: int, held: Held | None) -> Tensor:
        """A keyframe, found or optimized."""
        kept = self._kept(frame, code, number)
        found = kept.load() if kept else None
        self.on_keyframe(number, found is not None)
        if found is not None:
            return found
        painted = frame.lerp(self.gatys.optimized(frame, code, held), code.strength)
        painted = self.finished(painted, frame, code)
        if kept:
            kept.save(painted)
        return painted

    def _kept(self, frame: Tensor, code: StyleCode, number: int) -> Kept | None:
        return None if self.options.folder is None else Kept(self.options.folder, number, frame, code)

    @torch.no_grad()
    def _between(self, memory: KeyframeMemory, following: Keyframe | None, last: Waiting | None) -> list[Tensor]:
        """The frames that wait, painted. following: the keyframe after them, where there is one, and its frame."""
        chains: list[Chain] = []  # to the following keyframe, the last frame's first
        if last is not None:
            chain, step = Chain.at(last.seen), last
            for waiting in reversed(memory.frames):
                chain, step = chain.extended(step.onward), waiting
                chains.append(chain)
        done = []
        for at, waiting in enumerate(memory.frames):
            assert memory.last is not None
            back = _brought(memory.last, waiting.chain, waiting.seen)
            onward = _brought(following, chains[-1 - at], waiting.seen) if following else None
            done.append(self._joined(waiting, back, onward, (at + 1) / (len(memory.frames) + 1)))
        return done

    def _joined(self, waiting: Waiting, back: Held, onward: Held | None, share: float) -> Tensor:
        """What two keyframes bring, the second with `share`; the model's painting where neither can be trusted."""
        sides = [(back, 1.0)] if onward is None else [(back, 1 - share), (onward, share)]
        unseen = 1 - back.trust if onward is None else (1 - back.trust) * (1 - onward.trust)
        # A little of it everywhere, so that the weights never sum to nothing.
        total = unseen + 1e-3
        code = replace(waiting.code, tensors=waiting.code.tensors[GRAMS:])
        result = self.fill(waiting.frame, code) * total
        for held, near in sides:
            weight = held.trust * near
            result, total = result + held.picture * weight, total + weight
        return (result / total).clamp_(0, 1)


def _brought(keyframe: Keyframe, chain: Chain, seen: Tensor) -> Held:
    """What a keyframe brings along a chain to a frame with that luma."""
    return Held.along(chain, keyframe.painted, keyframe.seen, seen)
