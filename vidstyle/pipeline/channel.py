"""Bounded queues between threads that all stop when one of them fails."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Channel", "Halt", "Stopped"]

T = TypeVar("T")


class Stopped(Exception):
    """Raised in a thread that waits on a channel when the run has been halted."""


class Halt:
    """The first failure of a run; setting it wakes every thread that waits on a channel."""

    def __init__(self) -> None:
        self.lock = threading.Condition()
        self.error: BaseException | None = None
        self.stopped = False

    def set(self, error: BaseException | None = None) -> None:
        with self.lock:
            if not self.stopped:
                self.error = error
            self.stopped = True
            self.lock.notify_all()


class Channel(Generic[T]):
    """A queue of at most `size` items from one thread to another; iterating ends when the sender closes it."""

    def __init__(self, size: int, halt: Halt) -> None:
        self._items: deque[T] = deque()
        self._size = size
        self._halt = halt
        self._closed = False
        self.waited_to_put = 0.0
        """Seconds that the sender has spent waiting for room."""
        self.waited_to_get = 0.0
        """Seconds that the receiver has spent waiting for an item."""

    def put(self, item: T) -> None:
        """Add an item, waiting for room. Stopped if the run is halted."""
        with self._halt.lock:
            self.waited_to_put += self._wait(lambda: len(self._items) < self._size)
            self._items.append(item)
            self._halt.lock.notify_all()

    def __len__(self) -> int:
        """Items that can be had without waiting."""
        return len(self._items)

    def close(self) -> None:
        """No more items will come."""
        with self._halt.lock:
            self._closed = True
            self._halt.lock.notify_all()

    def __iter__(self) -> Channel[T]:
        return self

    def __next__(self) -> T:
        with self._halt.lock:
            self.waited_to_get += self._wait(lambda: bool(self._items) or self._closed)
            if not self._items:
                raise StopIteration
            item = self._items.popleft()
            self._halt.lock.notify_all()
            return item

    def _wait(self, ready: Callable[[], bool]) -> float:
        started = time.perf_counter()
        while not self._halt.stopped and not ready():
            # The timeout lets Ctrl-C through on systems where a lock does not.
            self._halt.lock.wait(0.5)
        if self._halt.stopped:
            raise Stopped
        return time.perf_counter() - started
