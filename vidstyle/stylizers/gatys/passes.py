"""Clips by optimization in several passes, forwards and backwards in turn, so that what a later frame knows reaches the
earlier ones.

Source: Ruder et al. 2016 (section 4.4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from vidstyle.errors import OptionError, OutOfMemory
from vidstyle.stylizers.code import StyleCode
from vidstyle.stylizers.painter import Painter
from vidstyle.temporal.chain import Chain, another_shot
from vidstyle.temporal.cuts import thumbnail
from vidstyle.temporal.flow import flow_estimator
from vidstyle.temporal.raster import luma, shrunk

from .held import Held
from .keyframes import PIXELS
from .stylizer import Gatys

__all__ = ["Passes", "PassesMemory"]

MOST = 20
"""Passes."""
STORED = 1 << 30
"""Bytes of frames, paintings and flows that are kept at once; a shot of more is painted in parts, each from the last
on. What is handed out takes as much again."""
TAKEN_OVER = 0.5
"""Share of what a neighbour brings in what a later pass begins with (1 − δ in the paper)."""


@dataclass
class Kept:
    """A frame of the shot and its painting so far, (1, 3, H, W) in float16; its luma, small; the ways to and from the
    frame before it, where there is one."""

    frame: Tensor
    code: StyleCode
    number: int
    seen: Tensor
    steps: tuple[Chain, Chain] | None
    painted: Tensor | None = None


@dataclass
class PassesMemory:
    """Everything that outlives a frame: the frames of the shot, and the last one of an earlier part of it."""

    before: Kept | None = None
    frames: list[Kept] = field(default_factory=list)
    thumbnail: np.ndarray | None = None
    """The newest content, small, to tell a cut by."""
    following: int = 0
    """Number of the frame that is to come next."""

    def reset(self) -> None:
        """Forget the shot."""
        self.before = self.thumbnail = None
        self.frames.clear()


class Passes(Painter):
    """Optimizes every frame of a shot several times, each time beginning as what it was and what a neighbour brings.

    gatys: what optimizes; its options' steps are those of a pass. on_frame: receives pass (from 0) and frame number.
    """

    name = "gatys"
    batches = False

    def __init__(
        self, gatys: Gatys, passes: int, on_frame: Callable[[int, int], None] = lambda number, frame: None
    ) -> None:
        super().__init__(str(gatys.device), gatys.flow)
        if not 1 <= passes <= MOST:
            raise OptionError(f"{passes} passes make no sense; give 1 to {MOST}")
        self.gatys, self.passes, self.on_frame = gatys, passes, on_frame
        self.runtime = gatys.runtime
        self.estimate = flow_estimator(gatys.flow, self.device)

    def remember(self, level: str) -> PassesMemory | None:
        """At any level but off, where every frame is painted by itself, neighbours keep the clip steady."""
        return None if level == "off" else PassesMemory()

    def encode(self, picture: Tensor) -> tuple[Tensor, ...]:
        """The Gram matrices."""
        return self.gatys.encode(picture)

    def paint(self, frames: Tensor, code: StyleCode) -> Tensor:
        """Every frame by itself."""
        return self.gatys.paint(frames, code)

    def __call__(  # type: ignore[override]
        self, frames: Tensor, code: StyleCode, memory: PassesMemory | None = None, index: int | None = None
    ) -> Tensor:
        """As any painter's, but frames come back when their shot is painted; `finish` hands out the last."""
        if memory is None or not code.strength:
            return super().__call__(frames, code)
        with _enough_memory():
            finished = [
                done
                for number, frame in enumerate(frames.to(self.device).split(1))
                for done in self._next(frame, code, memory, memory.following if index is None else index + number)
            ]
            return torch.cat(finished) if finished else frames[:0]

    def finish(self, memory: PassesMemory) -> list[Tensor]:  # type: ignore[override]
        with _enough_memory():
            done = self._painted(memory)
        memory.reset()
        return done

    @torch.no_grad()
    def _next(self, frame: Tensor, code: StyleCode, memory: PassesMemory, number: int) -> list[Tensor]:
        """Take in the next frame; what is finished by it, oldest first."""
        seen, now, done = luma(shrunk(frame, PIXELS)), thumbnail(frame), []
        last = memory.frames[-1] if memory.frames else memory.before
        steps = None
        if last and number == memory.following and last.frame.shape == frame.shape and memory.thumbnail is not None:
            found = Chain.both_ways(self.estimate, seen, last.seen)
            if not another_shot(memory.thumbnail, now, found[0].checked(seen, last.seen)):
                steps = found
        if steps is None:
            done = self.finish(memory)
        elif (len(memory.frames) + 1) * (4 * frame.numel() + 28 * seen.numel()) > STORED:
            done = self._painted(memory)
        memory.frames.append(Kept(frame.half(), code, number, seen, steps))
        memory.thumbnail, memory.following = now, number + 1
        return done

    @torch.no_grad()
    def _painted(self, memory: PassesMemory) -> list[Tensor]:
        """The frames that are kept, after all passes; the last of them is what the next part goes on from."""
        frames = memory.frames
        for number in range(self.passes):
            forwards = number % 2 == 0
            for at in range(len(frames)) if forwards else reversed(range(len(frames))):
                self.on_frame(number, frames[at].number)
                neighbour = at - 1 if forwards else at + 1
                if at == 0 and memory.before is not None:
                    # What is painted for good decides in every pass.
                    held = _brought(memory.before, frames[0], frames[0].steps and frames[0].steps[0])
                elif neighbour < 0 or neighbour == len(frames):
                    held = None
                else:
                    steps = frames[max(at, neighbour)].steps
                    held = _brought(frames[neighbour], frames[at], steps and steps[not forwards])
                frames[at].painted = self._once_more(frames[at], held)
        done = []
        for kept in frames:
            assert kept.painted is not None
            frame = kept.frame.float()
            done.append(self.finished(frame.lerp(kept.painted.float(), kept.code.strength), frame, kept.code))
        if frames:
            memory.before = frames[-1]
        memory.frames = []
        return done

    def _once_more(self, kept: Kept, held: Held | None) -> Tensor:
        begun = None if kept.painted is None else kept.painted.float()
        if begun is not None and held is not None:
            begun = begun.lerp(held.picture, TAKEN_OVER * held.trust)
        return self.gatys.optimized(kept.frame.float(), kept.code, held, begun).half()


@contextmanager
def _enough_memory() -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError:
        raise OutOfMemory(
            "the frames of a shot do not fit the device's memory; give --max-side or --device cpu"
        ) from None


def _brought(there: Kept, here: Kept, step: Chain | None) -> Held | None:
    """What a neighbour's painting brings. step: from here to there."""
    if there.painted is None or step is None:
        return None
    return Held.along(step, there.painted.float(), there.seen, here.seen)
