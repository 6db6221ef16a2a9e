"""The track that goes back to a camera's owner: what came last, painted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from fractions import Fraction
from typing import Any, Generic, TypeVar

import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from vidstyle.errors import InputError, VidstyleError
from vidstyle.frames import ColorSpec
from vidstyle.media.colour import ColourReader, ColourWriter

from .meter import Meter

__all__ = ["Latest", "PaintedTrack"]

T = TypeVar("T")

CALLS = ColorSpec(full_range=False, matrix=6)
"""How browsers mean the code values of a call's picture, which carries no tags."""
CLOCK = 90_000
"""Of video in RTP, in a second."""


class Latest(Generic[T]):
    """Room for one thing, within an event loop. A newer one takes its place, and the older one is lost."""

    def __init__(self) -> None:
        self._held: T | None = None
        self._there = asyncio.Event()

    def put(self, item: T) -> bool:
        """Whether one that nobody has taken is lost by it."""
        lost = self._held is not None
        self._held = item
        self._there.set()
        return lost

    async def take(self) -> T:
        await self._there.wait()
        self._there.clear()
        item, self._held = self._held, None
        assert item is not None
        return item


class PaintedTrack(MediaStreamTrack):
    """Paints another track's frames, one at a time, on `brush`; meanwhile the one before it is being encoded.

    paint: RGB (H, W, 3) uint8, and how many were dropped before it -> the same shape; where it gives back what it was
    given, the camera's own picture goes back as it came. max_pixels: of a frame. patience: seconds without a frame
    after which it ends. `ended(why)` is called, in the event loop; `why` is for people, and empty where the other side
    has gone.
    """

    kind = "video"

    def __init__(
        self,
        source: MediaStreamTrack,
        paint: Callable[[np.ndarray, int], np.ndarray],
        brush: Executor,
        meter: Meter,
        ended: Callable[[str], object],
        *,
        max_pixels: int,
        patience: float,
    ) -> None:
        super().__init__()
        self._source, self._paint, self._brush, self._meter, self._ended = source, paint, brush, meter, ended
        self._max_pixels, self._patience = max_pixels, patience
        self._read, self._write = ColourReader(CALLS, 0), ColourWriter("yuv420p", CALLS, 0)
        self._next: Latest[tuple[Any, float]] = Latest()
        self._began = time.monotonic()
        self._missed = 0  # since the last frame that was painted
        self._finished: Latest[tuple[Any, float]] = Latest()
        self._tasks = [asyncio.ensure_future(self._guarded(work)) for work in (self._receive, self._work)]

    async def recv(self) -> Any:
        """The newest painted frame, as soon as there is one.

        Its time is now. With the camera's, a browser would take for the network's unsteadiness that some paintings take
        longer, and hold all of them back to even it out.
        """
        frame, since = await self._finished.take()
        now = time.monotonic()
        self._meter.left(now - since)
        frame.pts, frame.time_base = int((now - self._began) * CLOCK), Fraction(1, CLOCK)
        return frame

    def stop(self) -> None:
        super().stop()
        for task in self._tasks:
            task.cancel()

    async def _guarded(self, work: Callable[[], Any]) -> None:
        try:
            await work()
        except MediaStreamError:
            self._ended("")
        except asyncio.TimeoutError:
            self._ended(f"no picture has come for {self._patience:g} seconds")
        except VidstyleError as error:
            self._ended(str(error))
        except Exception:
            self._ended("painting has failed; the server's log says why")
            raise

    async def _receive(self) -> None:
        while True:
            frame: Any = await asyncio.wait_for(self._source.recv(), self._patience)
            if frame.width * frame.height > self._max_pixels:
                raise InputError(
                    f"the camera's picture is {frame.width}×{frame.height}, more than {self._max_pixels} pixels; "
                    "choose a smaller one"
                )
            self._meter.came()
            if self._next.put((frame, time.monotonic())):
                self._missed += 1
                self._meter.dropped()

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            frame, since = await self._next.take()
            missed, self._missed = self._missed, 0
            painted = await loop.run_in_executor(self._brush, self._painted, frame, missed)
            if self._finished.put((painted, since)):
                self._meter.dropped()

    def _painted(self, frame: Any, missed: int) -> Any:
        rgb, _ = self._read(frame)
        pixels = self._paint(rgb, missed)
        if pixels is rgb:
            return frame
        return self._write.from_rgb(pixels)
