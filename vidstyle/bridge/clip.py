"""One clip on its way through the engine: what is remembered of it, and whose turn it is."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from vidstyle.stylizers import StyleCode

from .protocol import Layout
from .settings import Settings

if TYPE_CHECKING:
    from .connection import Connection

__all__ = ["Clip", "Job"]

PATIENCE = 0.25
"""Seconds that a frame waits for the one before it, where connections share a clip."""
LATE = 64
"""Frames by which one may come late and still belong to where the clip is; farther back is a seek."""


@dataclass(eq=False)
class Job:
    """A frame to be painted in place. pixels: a copy of its slot, (bytes,) uint8."""

    connection: Connection
    clip: Clip
    layout: Layout
    pixels: np.ndarray
    code: StyleCode
    settings: Settings
    slot: int
    number: int
    reset: bool
    since: float = field(default_factory=time.monotonic)


class Clip:
    """Connections that paint one clip: usually one; several where a host renders in threads."""

    def __init__(self, key: object) -> None:
        self.key = key
        """What its connections have in common."""
        self.members: set[Connection] = set()
        self.jobs: list[Job] = []
        """The frames that have come, at most one of each member."""
        self.memory: Any = None
        """What the painter remembers."""
        self.look: Any = None
        """Whose style and level that is."""
        self._following: int | None = None

    def turn(self, now: float) -> Job | None:
        """The frame whose turn it is, if it has come."""
        ready = [job for job in self.jobs if job.reset or self._following is None or job.number <= self._following]
        if not ready and (len(self.jobs) >= len(self.members) or any(now - job.since >= PATIENCE for job in self.jobs)):
            # Nobody is left who could bring the one that is missing, or it has been waited for long enough.
            ready = self.jobs
        return min(ready, key=lambda job: job.number, default=None)

    def deadline(self) -> float | None:
        """When a frame will have waited long enough."""
        return min((job.since + PATIENCE for job in self.jobs), default=None)

    def goes_on(self, number: int, reset: bool) -> bool:
        """Note that a frame is through. False for one that comes late: it must not disturb what is remembered."""
        late = 0 if self._following is None else self._following - number
        if not reset and len(self.members) > 1 and 0 < late <= LATE:
            return False
        self._following = number + 1
        return True
