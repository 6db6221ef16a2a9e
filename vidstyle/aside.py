"""Work that takes long, done beside a loop, one thing after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any

__all__ = ["Aside"]

PATIENCE = 10.0
"""Seconds that the end waits for what is being done: a library that is left in mid-work may take the process down."""


class Aside:
    """A thread of its own. `woken` is called, on that thread, when something is done."""

    def __init__(self, woken: Callable[[], None] = lambda: None) -> None:
        self._woken = woken
        self._asked: SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = SimpleQueue()
        self._ended = False
        # A daemon: a picture on a drive that does not answer must not keep the program from ending.
        self._thread = threading.Thread(target=self._work, name="aside", daemon=True)
        self._thread.start()

    def ask(self, work: Callable[[], Any]) -> Future[Any]:
        """What `work` returns or raises; it may be cancelled until its turn comes."""
        future: Future[Any] = Future()
        self._asked.put((work, future))
        return future

    def close(self) -> None:
        """Let go of what is not begun."""
        self._ended = True
        self._asked.put(None)
        self._thread.join(PATIENCE)

    def _work(self) -> None:
        while asked := self._asked.get():
            work, future = asked
            if self._ended or not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except Exception as error:
                future.set_exception(error)
            self._woken()
