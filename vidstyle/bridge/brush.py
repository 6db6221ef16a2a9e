"""Frames of clients, painted in place."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vidstyle.nets.conditioned import ConditionedNet
from vidstyle.nets.protocol import FixedStyleNet, blend
from vidstyle.pipeline.convert import SMALLEST_SIDE, resize
from vidstyle.stylizers import StyleCode, Stylizer
from vidstyle.stylizers.color import keep_color

from .clip import Job
from .pixels import read, write

__all__ = ["Brush"]


@dataclass(frozen=True)
class Look:
    """What a memory is of: another style must not shine through."""

    code: StyleCode
    strength: float
    temporal: str

    def same(self, other: Look) -> bool:
        return self.code is other.code and (self.strength, self.temporal) == (other.strength, other.temporal)


class Brush:
    """Paints jobs. Strength and the content's colours are laid over what is remembered, so that they may change with
    every frame."""

    def __init__(self, stylizer: Stylizer) -> None:
        self.stylizer = stylizer
        # Others mix features, not pixels.
        self.overlaid = isinstance(stylizer.net, (ConditionedNet, FixedStyleNet))

    def paint(self, jobs: list[Job]) -> None:
        """Frames of one size, none of them at strength 0. VidstyleError where it cannot be done."""
        for job in jobs:
            self._alone(job)

    @torch.no_grad()
    def _alone(self, job: Job) -> None:
        clip, layout, settings = job.clip, job.layout, job.settings
        content = read(job.pixels, layout, self.stylizer.device)
        code = self._code(job.code, settings.strength)
        memory = None
        if clip.passed(job.number, job.reset):
            look = Look(job.code, code.strength, settings.temporal)
            if job.reset or clip.look is None or not look.same(clip.look):
                clip.memory, clip.look = self.stylizer.remember(settings.temporal), look
            memory = clip.memory
        size = layout.width, layout.height
        inside = resize(content, (max(layout.width, SMALLEST_SIDE), max(layout.height, SMALLEST_SIDE)))
        painted = resize(self.stylizer(inside, code, memory, job.number), size)
        write(self._laid(painted, content, settings.strength, settings.keep_color), job.pixels, layout)

    def _code(self, code: StyleCode, strength: float) -> StyleCode:
        return code if self.overlaid else replace(code, strength=strength)

    def _laid(self, painted: Tensor, content: Tensor, strength: float, colours: bool) -> Tensor:
        if colours:
            painted = keep_color(painted, content)
        return (blend(content, painted, strength) if self.overlaid else painted).clamp(0, 1)
