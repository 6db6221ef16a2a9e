"""The newest picture of a source, whatever happens to the source."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vidstyle.errors import InputError, VidstyleError
from vidstyle.media import Picture, Sound, Stream

from .shape import Shape

__all__ = ["Feed", "Shot"]

FIRST, LONGEST = 0.5, 15.0
"""Seconds from one try to open a source to the next: the first, and at most; each is twice as long as the last."""
JUMP = 5.0
"""Seconds by which a source's clock may leap; farther, and it has begun anew."""


@dataclass(frozen=True)
class Shot:
    """A picture. seconds: since the session began. arrived: when it came, by time.monotonic. dropped: those before it
    that nobody fetched. fresh: it does not follow on the one before."""

    picture: Picture
    seconds: float
    arrived: float
    dropped: int
    fresh: bool


class Feed:
    """Reads a source on a thread of its own, and opens it anew, less and less often, when it has died.

    Pictures that come before the last one was fetched take its place: `dropped` counts those, and those that the source
    did not even decode. Sounds go to `hear` at once, (samples, seconds). Where the clock of the source begins anew the
    session's goes on.
    """

    def __init__(
        self,
        open: Callable[[], Stream],
        hear: Callable[[np.ndarray, float], None],
        *,
        again: bool,
        note: Callable[[str], None],
    ) -> None:
        """Opens the source; InputError where it cannot be the first time."""
        self._open, self._hear, self._again, self._note = open, hear, again, note
        self._stream: Stream | None = open()
        self.shape = Shape.of(self._stream)
        self.came = self.dropped = self.reconnects = 0
        """Pictures so far; those of them that nobody fetched or decoded; how often the source came back."""
        self.up = True
        """Whether the source is there."""
        self.error: BaseException | None = None
        """What ended it, besides the source's own end."""
        self._changed = threading.Condition()
        self._newest: Shot | None = None
        self._ended = self._stopped = False
        self._base: float | None = None
        self._last, self._at = 0.0, time.monotonic()  # the newest stamp, and when it was given
        self._repeated = float("-inf")  # the newest stamp of a picture that was shown again
        self._due = 0.0  # when what is paced at 0 is due
        self._fresh = True
        self._skipped = 0  # of what the stream has left out, what is counted
        self._thread = threading.Thread(target=self._work, name="feed", daemon=True)

    def start(self) -> None:
        self._at = time.monotonic()
        self._thread.start()

    def newest(self, timeout: float) -> Shot | None:
        """The newest picture, once; None where none came in so many seconds, or none will."""
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self._ended, timeout)
            shot, self._newest = self._newest, None
            return shot

    @property
    def ended(self) -> bool:
        """No picture will come any more, and none is left."""
        return self._ended and self._newest is None

    def now(self) -> float:
        """Seconds of the session: the newest stamp, and the time since."""
        return self._last + time.monotonic() - self._at

    def repeat(self) -> float:
        """A stamp for the last picture, shown again."""
        with self._changed:
            self._last, self._at = self.now(), time.monotonic()
            self._repeated = self._last
            return self._last

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(1.0)  # a source that says nothing is left alone: the thread is a daemon

    # --- on the thread ---

    def _work(self) -> None:
        try:
            pause = FIRST
            while not self._stopped:
                if self._stream is not None and self._read(self._stream):
                    pause = FIRST
                if self._stopped or not self._again:
                    break
                self.up = False
                with self._changed:
                    self._changed.wait_for(lambda: self._stopped, pause)
                pause = min(LONGEST, 2 * pause)
                self._reopen()
        except BaseException as error:
            self.error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _reopen(self) -> None:
        if self._stopped:
            return
        try:
            self._stream = self._open()
        except VidstyleError as error:
            self._note(str(error))
            return
        self.reconnects += 1
        self._note("the source is back")

    def _read(self, stream: Stream) -> bool:
        """Everything that comes; whether anything came."""
        self._base, self._fresh, self._skipped, came = None, True, 0, self.came
        try:
            for item in stream:
                if self._stopped:
                    break
                if isinstance(item, Picture):
                    self._take(item, stream)
                else:
                    self._listen(item)
            else:
                if self._again:
                    self._note("the source has ended; trying to open it again")
        except InputError as error:
            if not self._again:
                raise
            self._note(f"{error}; trying to open it again")
        finally:
            stream.close()
            self._stream = None
        return self.came > came

    def _take(self, picture: Picture, stream: Stream) -> None:
        seconds = self.now() if picture.seconds is None else self._placed(picture.seconds)
        if seconds <= self._repeated and picture.seconds is not None:
            # It comes late, and others have been shown in its place: from here on all is so much later.
            self._base = None
            seconds = self._placed(picture.seconds)
        if stream.paced and picture.seconds is not None:
            self._pause(self._due + picture.seconds - time.monotonic())
        self.up = True
        with self._changed:
            skipped, self._skipped = stream.skipped - self._skipped, stream.skipped
            lost = skipped + (self._newest is not None)
            self.dropped += lost
            dropped = lost + (self._newest.dropped if self._newest else 0)
            self._fresh = self._fresh or (self._newest is not None and self._newest.fresh)
            self._newest = Shot(picture, seconds, time.monotonic(), dropped, self._fresh)
            self._last, self._at, self._fresh = seconds, time.monotonic(), False
            self.came += 1 + skipped
            self._changed.notify_all()

    def _listen(self, sound: Sound) -> None:
        if sound.seconds is None:
            return
        self._hear(sound.samples, self._placed(sound.seconds))

    def _placed(self, seconds: float) -> float:
        """A time on the source's clock -> the session's."""
        if self._base is None or abs(self._base + seconds - self.now()) > JUMP:
            self._base, self._fresh = self.now() - seconds, True
            self._due = time.monotonic() - seconds
        return self._base + seconds

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            with self._changed:
                self._changed.wait_for(lambda: self._stopped, seconds)
