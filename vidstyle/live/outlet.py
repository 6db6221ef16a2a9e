"""One sink of a session, on a thread of its own: whatever it does, the others go on."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from statistics import quantiles
from typing import Protocol

import numpy as np

from vidstyle.errors import VidstyleError

__all__ = ["LiveSink", "Outlet", "Painted"]

FIRST, LONGEST = 0.5, 15.0
"""Seconds from one try to open a sink to the next: the first, and at most; each is twice as long as the last."""
HEARD = 200
"""Pieces of sound that wait at most: some seconds."""
RECENT = 300
"""Pictures whose latencies are known."""


@dataclass(frozen=True)
class Painted:
    """rgb: (H, W, 3) uint8. seconds: of the session. arrived: when it came, by time.monotonic; None for a picture
    that is shown again."""

    rgb: np.ndarray
    seconds: float
    arrived: float | None


class LiveSink(Protocol):
    """Takes pictures, and sound, in order. OutputError where it breaks off."""

    def show(self, rgb: np.ndarray, seconds: float) -> None:
        """A picture (H, W, 3) uint8."""

    def hear(self, samples: np.ndarray, seconds: float) -> None:
        """Sound (S, 2) int16."""

    def close(self) -> None:
        """Finish what can be finished."""

    def abort(self) -> None:
        """Let go of it."""


class Outlet:
    """Hands pictures and sounds to a sink. What waits when there is no room is dropped, the oldest first, and counted.

    again: a sink that breaks off is opened anew, less and less often; else it has `failed`. room: pictures that wait.
    """

    def __init__(
        self, name: str, open: Callable[[], LiveSink], *, again: bool, room: int, note: Callable[[str], None]
    ) -> None:
        self.name = name
        self.shown = self.dropped = self.unheard = 0
        """Pictures that the sink has taken; those that it had no time for, or that came while it was not there; pieces
        of sound of that kind."""
        self.failed: str | None = None
        self.up = False
        self._open, self._again, self._room, self._note = open, again, room, note
        self._sink: LiveSink | None = None
        self._pictures: deque[Painted] = deque()
        self._sounds: deque[tuple[np.ndarray, float]] = deque()
        self._latencies: deque[float] = deque(maxlen=RECENT)
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name=f"sink {name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def show(self, painted: Painted) -> None:
        with self._changed:
            if self.failed:
                self.dropped += 1
                return
            self._pictures.append(painted)
            while len(self._pictures) > self._room:
                self._pictures.popleft()
                self.dropped += 1
            self._changed.notify_all()

    def hear(self, samples: np.ndarray, seconds: float) -> None:
        with self._changed:
            if self.failed:
                return
            self._sounds.append((samples, seconds))
            while len(self._sounds) > HEARD:
                self._sounds.popleft()
                self.unheard += 1
            self._changed.notify_all()

    def latency(self) -> tuple[float, float] | None:
        """Seconds from a picture's arrival until the sink had taken it: median and 95th percentile of the latest."""
        recent = list(self._latencies)
        if len(recent) < 2:
            return None
        cuts = quantiles(recent, n=20, method="inclusive")
        return cuts[9], cuts[18]

    def close(self, patience: float) -> None:
        """Hand over what waits and finish. A sink that takes longer is left alone, and has failed."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(patience)
        if self._thread.is_alive():
            self.failed = self.failed or f"{self.name} did not finish within {patience:g} seconds"

    # --- on the thread ---

    def _work(self) -> None:
        pause = FIRST
        while True:
            try:
                self._sink = self._open()
                self.up = True
                self._serve(self._sink)
                self._sink.close()
                return
            except VidstyleError as error:
                done, self.up = self.up, False
                if self._sink is not None:
                    self._sink.abort()
                    self._sink = None
                if not self._again:
                    self._fail(str(error))
                    return
                if self._closing:
                    # What it had is with the other side already.
                    return
                self._note(f"{error}; trying to open it again")
                pause = FIRST if done else min(LONGEST, 2 * pause)
            except BaseException as error:
                self.up = False
                self._fail(f"{self.name}: {type(error).__name__}: {error}")
                raise
            if not self._wait(pause):
                return

    def _serve(self, sink: LiveSink) -> None:
        """Until the end."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pictures or self._sounds or self._closing)
                if not (self._pictures or self._sounds):
                    return
                sounds, self._sounds = self._sounds, deque()
                painted = self._pictures.popleft() if self._pictures else None
            for samples, seconds in sounds:
                sink.hear(samples, seconds)
            if painted is not None:
                sink.show(painted.rgb, painted.seconds)
                self.shown += 1
                if painted.arrived is not None:
                    self._latencies.append(time.monotonic() - painted.arrived)

    def _fail(self, why: str) -> None:
        with self._changed:
            self.failed = why
            self.dropped += len(self._pictures)
            self._pictures.clear()
            self._sounds.clear()
        self._note(why)

    def _wait(self, seconds: float) -> bool:
        """Let pictures go by meanwhile; False where it is to close."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing, seconds)
            self.dropped += len(self._pictures)
            self.unheard += len(self._sounds)
            self._pictures.clear()
            self._sounds.clear()
            return not self._closing
