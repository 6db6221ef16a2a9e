"""Jobs' processes, as the server sees them: an order in, lines of JSON out, killed when nobody wants them any more."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from typing import Any

__all__ = ["Broken", "Workers"]

LONGEST_LINE = 1 << 20
TAIL = 4000
"""Bytes of what a process says on stderr that are kept."""
SOON = 1.0
"""Seconds after which the first process is started that waits for an order: the page comes first."""
END = 10
"""Seconds that a process has to end in when it has said its last word."""


class Broken(Exception):
    """The process ended without a last word; `code` is how, `said` its last lines on stderr."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(f"the job's process ended with {code}")
        self.code, self.said = code, said


class Workers:
    """Processes that take one order each. One is kept ready, as they take seconds to begin."""

    def __init__(self) -> None:
        self._ready: asyncio.Task[Process] | None = asyncio.create_task(_start(SOON))

    async def talk(self, order: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        """Hand the order to a process, yield what it tells up to its last word: `done` or `failed`.

        The process and all that it started are gone when the iteration ends, is closed or is cancelled.
        """
        process = self._take() or await _start()
        assert process.stdin
        assert process.stdout
        errors = asyncio.create_task(_tail(process))
        last = False
        try:
            with contextlib.suppress(ConnectionError):
                process.stdin.write(json.dumps(order).encode() + b"\n")
                await process.stdin.drain()
            while not last and (line := await process.stdout.readline()):
                event = json.loads(line)
                last = event["event"] in ("done", "failed")
                yield event
                if last or event["event"] == "progress":
                    self._prepare()  # not before: it would hold up this one's beginning
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(process.wait(), END)
            if not last:
                raise Broken(process.returncode or 0, await errors)
        finally:
            await _end(process)
            errors.cancel()
            self._prepare()

    async def close(self) -> None:
        """End the one that is ready."""
        if process := self._take():
            await _end(process)

    def _prepare(self) -> None:
        if self._ready is None:
            self._ready = asyncio.create_task(_start())

    def _take(self) -> Process | None:
        """The one that is ready, if it is."""
        ready, self._ready = self._ready, None
        if ready is None or ready.cancel() or ready.exception() or ready.result().returncode is not None:
            return None
        return ready.result()


async def _start(seconds: float = 0.0) -> Process:
    await asyncio.sleep(seconds)
    environment = {name: value for name, value in os.environ.items() if name != "VIDSTYLE_TOKEN"}
    environment.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "vidstyle.web.worker",
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        limit=LONGEST_LINE,
        env=environment,
        start_new_session=True,
    )


async def _end(process: Process) -> None:
    _kill(process)
    await asyncio.shield(process.wait())


async def _tail(process: Process) -> str:
    assert process.stderr
    kept = b""
    while chunk := await process.stderr.read(4096):
        kept = (kept + chunk)[-TAIL:]
    return kept.decode("utf-8", "replace")


def _kill(process: Process) -> None:
    """With all that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
