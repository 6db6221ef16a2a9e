"""Frames of clients, painted in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vidstyle.errors import OutOfMemory
from vidstyle.nets.conditioned import ConditionedNet
from vidstyle.nets.protocol import blend
from vidstyle.scaling import SMALLEST_SIDE, resize
from vidstyle.stylizers import StyleCode, Stylizer
from vidstyle.stylizers.color import keep_color

from . import gpu_pixels, pixels
from .clip import Job

__all__ = ["Brush"]

AT_ONCE, PIXELS = 16, 8_000_000
"""Frames, and pixels, that are painted at once on a GPU, at most."""


@dataclass(frozen=True)
class Look:
    """What is remembered of a clip is painted so; another style must not shine through."""

    code: StyleCode
    strength: float
    temporal: str

    def same(self, other: Look) -> bool:
        return self.code is other.code and (self.strength, self.temporal) == (other.strength, other.temporal)


class Brush:
    """Paints jobs with one model.

    Where a net's strength is a blend of pixels, it is laid over what the clip's memory gives, as are the content's
    colours: so both may change with every frame. together: several frames are painted at once; by default on a GPU.
    """

    def __init__(self, stylizer: Stylizer, together: bool | None = None) -> None:
        self.stylizer = stylizer
        self.together = stylizer.device.type != "cpu" if together is None else together
        # A graph has been compiled for one style at a time.
        self.mixed = isinstance(stylizer.net, ConditionedNet) and stylizer.engine.name == "pytorch"

    def choose(self, jobs: Sequence[Job]) -> list[Job]:
        """Those of the jobs, of a clip each, that come next: what has waited longest, and what is painted with it."""
        first, *others = sorted(jobs, key=lambda job: job.since)
        if not self.together:
            return [first]
        size, look = _inside(*first.layout.dimensions), self._look(first)
        alike = [
            job
            for job in others
            if _inside(*job.layout.dimensions) == size
            and (self.mixed or (job.code is look.code and self._look(job).strength == look.strength))
        ]
        return [first, *alike][: max(1, min(AT_ONCE, PIXELS // (size[0] * size[1])))]

    def prepare(self, size: tuple[int, int], code: StyleCode) -> None:
        """Paint nothing of a (width, height), once: compiling for a new one takes a second or more.

        For another thread than `paint`.
        """
        width, height = _inside(*size)
        self.stylizer.paint(torch.zeros(1, 3, height, width, device=self.stylizer.device), code)

    @torch.no_grad()
    def paint(self, jobs: Sequence[Job]) -> None:
        """Frames that `choose` gave. VidstyleError where it cannot be done; they are as they were then."""
        contents = [self._read(job) for job in jobs]
        inside = [resize(content, _inside(*job.layout.dimensions)) for job, content in zip(jobs, contents, strict=True)]
        painted = self._painted(inside[0] if len(inside) == 1 else torch.cat(inside), [self._look(job) for job in jobs])
        finished = []
        for job, content, frame, painting in zip(jobs, contents, inside, painted.split(1), strict=True):
            steady = resize(self._steadied(job, frame, painting), job.layout.dimensions)
            finished.append(self._laid(steady, content, job))
        # Nothing is written until all is well.
        for job, frame in zip(jobs, finished, strict=True):
            self._write(job, frame)

    def _painted(self, frames: Tensor, looks: list[Look]) -> Tensor:
        """Frames (N, 3, H, W), each in its style, in [0, 1]."""
        codes = [replace(look.code, strength=look.strength) for look in looks]
        if all(look.code is looks[0].code for look in looks):
            return self.stylizer.paint(frames, codes[0]).clamp_(0, 1)
        rows = tuple(torch.cat(tensors) for tensors in zip(*(code.tensors for code in codes), strict=True))
        try:
            return self.stylizer.engine(frames, rows, 1.0).clamp_(0, 1)
        except torch.OutOfMemoryError:
            pass
        alone = zip(frames.split(1), codes, strict=True)
        return torch.cat([self.stylizer.paint(frame, code) for frame, code in alone]).clamp_(0, 1)

    def _steadied(self, job: Job, frame: Tensor, painting: Tensor) -> Tensor:
        clip, look = job.clip, self._look(job)
        if not clip.goes_on(job.number, job.reset):
            return painting
        if job.reset or clip.look is None or not look.same(clip.look):
            clip.memory, clip.look = self.stylizer.remember(look.temporal), look
        if clip.memory is None:
            return painting
        try:
            seen = self.stylizer.look(frame, clip.memory)
            return self.stylizer.steadied(seen, painting, clip.memory, job.number)
        except OutOfMemory:
            clip.memory.reset()
            raise

    def _look(self, job: Job) -> Look:
        return Look(job.code, 1.0 if self.stylizer.overlaid else job.settings.strength, job.settings.temporal)

    def _laid(self, painted: Tensor, content: Tensor, job: Job) -> Tensor:
        if job.settings.keep_color:
            painted = keep_color(painted, content)
        if self.stylizer.overlaid:
            painted = blend(content, painted, job.settings.strength)
        return painted.clamp(0, 1)

    def _read(self, job: Job) -> Tensor:
        if self.stylizer.device.type == "cpu":
            return pixels.read(job.pixels, job.layout)
        return gpu_pixels.read(job.pixels, job.layout, self.stylizer.device)

    def _write(self, job: Job, frame: Tensor) -> None:
        if self.stylizer.device.type == "cpu":
            pixels.write(frame, job.pixels, job.layout)
        else:
            gpu_pixels.write(frame, job.pixels, job.layout)


def _inside(width: int, height: int) -> tuple[int, int]:
    """(width, height) at which a frame is painted."""
    return max(width, SMALLEST_SIDE), max(height, SMALLEST_SIDE)
