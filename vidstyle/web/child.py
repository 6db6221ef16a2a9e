"""A job's process, as the server sees it: an order in, lines of JSON out, killed when nobody wants it any more."""

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

__all__ = ["Broken", "talk"]

LONGEST_LINE = 1 << 20
TAIL = 4000
"""Bytes of what a process says on stderr that are kept."""
END = 10
"""Seconds that a process has to end in when it has said its last word."""


class Broken(Exception):
    """The process ended without a last word; `code` is how, `said` its last lines on stderr."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(f"the job's process ended with {code}")
        self.code, self.said = code, said


async def talk(order: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
    """Start a process, hand it the order, yield what it tells up to its last word: `done` or `failed`.

    The process and all that it started are gone when the iteration ends, is closed or is cancelled.
    """
    environment = {name: value for name, value in os.environ.items() if name != "VIDSTYLE_TOKEN"}
    environment.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    process = await asyncio.create_subprocess_exec(
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
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(process.wait(), END)
        if not last:
            raise Broken(process.returncode or 0, await errors)
    finally:
        _kill(process)
        errors.cancel()
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
