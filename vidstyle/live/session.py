"""A session: one source, one painter, and sinks, from start to end."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from vidstyle.media import Stream

from .feed import Feed, Shot
from .outlet import LiveSink, Outlet, Painted
from .painter import LivePainter
from .shape import Shape

__all__ = ["Session", "Sink"]

QUIET = 0.5
"""Seconds without a picture after which the last one is shown again."""
ROOM, RECORDED = 2, 96_000_000
"""Pictures that wait for a sink to be seen now; bytes of pictures that wait for a recording."""
PATIENCE, WRITTEN = 3.0, 60.0
"""Seconds that sinks have to finish; those that a recording has."""


@dataclass(frozen=True)
class Sink:
    """A sink to be opened. again: it may come back when it has gone. recording: nothing should be missing from it."""

    name: str
    open: Callable[[Shape], LiveSink]
    again: bool = False
    recording: bool = False


class Session:
    """Runs from `start` until `stop`, or until the source has ended. painter, `paint`: see LivePainter.

    The newest picture is painted, and those that came meanwhile are dropped. While the source is gone the last
    painting is shown again. note: one-line remarks, from any thread.
    """

    def __init__(
        self,
        open: Callable[[], Stream],
        painter: LivePainter,
        sinks: Sequence[Sink],
        *,
        again: bool = True,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        """VidstyleError where the source cannot be opened or the painter cannot paint its frames."""
        self.painter = painter
        self.ended = threading.Event()
        self.error: BaseException | None = None
        self.last: np.ndarray | None = None
        """The newest painting, (H, W, 3) uint8; not to be changed."""
        self.repeats = 0
        """How often the last painting was shown again."""
        self.feed = Feed(open, self._hear, again=again, note=note)
        self.shape = shape = self.feed.shape
        painter.prepare(*shape.size)
        self._sinks = list(sinks)
        self.outlets = [self._outlet(sink, note) for sink in sinks]
        self._times: deque[float] = deque(maxlen=60)
        self._arrivals: deque[tuple[float, int]] = deque(maxlen=20)
        self._stopped = False
        self._thread = threading.Thread(target=self._work, name="painter", daemon=True)

    def _outlet(self, sink: Sink, note: Callable[[str], None]) -> Outlet:
        width, height = self.shape.size
        room = max(ROOM, RECORDED // (3 * width * height)) if sink.recording else ROOM
        return Outlet(sink.name, lambda: sink.open(self.shape), again=sink.again, room=room, note=note)

    def start(self) -> None:
        for outlet in self.outlets:
            outlet.start()
        self.feed.start()
        self._thread.start()

    def stop(self) -> None:
        """End; sinks finish. For the thread that started it."""
        self._stopped = True
        self.feed.stop()
        self._thread.join(PATIENCE)
        if self.feed.newest(0) is not None:
            self.feed.dropped += 1  # it came when nobody was left to paint it
        patience = [WRITTEN if sink.recording else PATIENCE for sink in self._sinks]
        closing = [
            threading.Thread(target=outlet.close, args=(seconds,))
            for outlet, seconds in zip(self.outlets, patience, strict=True)
        ]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join()
        self.painter.close()

    def rates(self) -> tuple[float, float]:
        """Pictures a second that come, and that are painted, lately."""
        now = time.monotonic()
        self._arrivals.append((now, self.feed.came))
        (since, came), times = self._arrivals[0], list(self._times)
        coming = (self.feed.came - came) / (now - since) if now > since else 0.0
        recent = [at for at in times if now - at < 2.0]
        painting = (len(recent) - 1) / (recent[-1] - recent[0]) if len(recent) > 1 else 0.0
        return coming, painting

    # --- on threads ---

    def _hear(self, samples: np.ndarray, seconds: float) -> None:
        for outlet in self.outlets:
            outlet.hear(samples, seconds)

    def _work(self) -> None:
        try:
            while not self._stopped and not self.feed.ended:
                shot = self.feed.newest(QUIET)
                if shot is not None:
                    self._paint(shot)
                elif self.last is not None and not self.feed.ended:
                    self.repeats += 1
                    self._show(Painted(self.last, self.feed.repeat(), None))
            self.error = self.error or self.feed.error
        except BaseException as error:
            self.error = error
        finally:
            self.ended.set()

    def _paint(self, shot: Shot) -> None:
        if shot.fresh:
            self.painter.reset()
        self.last = self.painter(self.shape.fitted(shot.picture.rgb), shot.dropped)
        self._times.append(time.monotonic())
        self._show(Painted(self.last, shot.seconds, shot.arrived))

    def _show(self, painted: Painted) -> None:
        for outlet in self.outlets:
            outlet.show(painted)
