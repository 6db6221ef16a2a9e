"""One sink of a session, on a thread of its own: whatever it does, the others go on."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
STUCK, ABANDONED = 10.0, 4
"""Seconds after which a sink that may be opened again and takes nothing is left to itself; how many may be at once."""


@dataclass(frozen=True)
class Painted:
    """rgb: (H, W, 3) uint8. seconds: of the session. arrived: when it came, by time.monotonic; None for a picture
    that is shown again."""

    rgb: np.ndarray
    seconds: float
    arrived: float | None


class LiveSink(Protocol):
    """Takes pictures, and sound, in order. OutputError where it breaks off."""

    @property
    def connected(self) -> bool:
        """Whether what it takes arrives somewhere."""

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

    again: a sink that breaks off is opened anew, less and less often, as is one that takes nothing for `stuck` seconds;
    else it has `failed`. room: pictures that wait.
    """

    def __init__(
        self,
        name: str,
        open: Callable[[], LiveSink],
        *,
        again: bool,
        room: int,
        note: Callable[[str], None],
        stuck: float = STUCK,
    ) -> None:
        self.name = name
        self.shown = self.dropped = self.unheard = 0
        """Pictures that the sink has taken; those that it had no time for, or that came while it was not there; pieces
        of sound of that kind."""
        self.failed: str | None = None
        self._open, self._again, self._room, self._note = open, again, room, note
        self._stuck = stuck
        self._busy: float | None = None
        self._sink: LiveSink | None = None
        self._pictures: deque[Painted] = deque()
        self._sounds: deque[tuple[np.ndarray, float]] = deque()
        self._latencies: deque[float] = deque(maxlen=RECENT)
        self._changed = threading.Condition()
        self._closing = False
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """For the first time, or beside a thread that is stuck."""
        # Daemons: what is stuck in a library must not keep the program from ending.
        thread = threading.Thread(target=self._work, name=f"sink {self.name}", daemon=True)
        self._threads = [each for each in self._threads if each.is_alive()] + [thread]
        self._busy = None
        thread.start()

    @property
    def up(self) -> bool:
        """Whether the sink is there, and connected."""
        sink = self._sink
        return sink is not None and sink.connected

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
            if self._again and self._busy is not None and time.monotonic() - self._busy > self._stuck:
                self._leave()

    def _leave(self) -> None:
        """Leave the thread that is stuck to itself."""
        if len([thread for thread in self._threads if thread.is_alive()]) <= ABANDONED:
            self._sink = None
            self._note(f"{self.name} takes nothing; opening it anew")
            self.start()

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
        thread = self._threads[-1]
        thread.join(patience)
        if thread.is_alive():
            self.failed = self.failed or f"{self.name} did not finish within {patience:g} seconds"

    # --- on the thread ---

    def _work(self) -> None:
        pause = FIRST
        while True:
            sink: LiveSink | None = None
            try:
                with self._work_at():
                    sink = self._open()
                if self._mine:
                    self._sink = sink
                    self._serve(sink)
                if self._mine:
                    sink.close()
                    return
                return sink.abort()
            except VidstyleError as error:
                done = sink is not None and sink.connected
                if sink is not None:
                    sink.abort()
                if not self._mine or (self._again and self._closing):
                    # What the sink took is with the other side already.
                    return
                self._sink = None
                if not self._again:
                    return self._fail(str(error))
                self._note(f"{error}; trying to open it again")
                pause = FIRST if done else min(LONGEST, 2 * pause)
            except BaseException as error:
                self._sink = None
                self._fail(f"{self.name}: {type(error).__name__}: {error}")
                raise
            if not self._wait(pause):
                return

    @property
    def _mine(self) -> bool:
        """Whether this thread has not been left to itself."""
        return threading.current_thread() is self._threads[-1]

    @contextmanager
    def _work_at(self) -> Iterator[None]:
        """Something that may take for ever."""
        if self._mine:
            self._busy = time.monotonic()
        try:
            yield
        finally:
            if self._mine:
                self._busy = None

    def _serve(self, sink: LiveSink) -> None:
        """Until the end, or until it was left to itself."""
        while self._mine:
            with self._changed:
                self._changed.wait_for(lambda: self._pictures or self._sounds or self._closing)
                if not (self._pictures or self._sounds):
                    return
                sounds, self._sounds = self._sounds, deque()
                painted = self._pictures.popleft() if self._pictures else None
            with self._work_at():
                for samples, seconds in sounds:
                    sink.hear(samples, seconds)
                if painted is not None:
                    sink.show(painted.rgb, painted.seconds)
            if painted is not None and self._mine:
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
