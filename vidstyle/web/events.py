"""Changes of jobs as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import Request
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from .jobs import Job, Jobs
from .limits import Slots, client_of
from .views import view

__all__ = ["EventStream"]

ALIVE = 15.0
"""Seconds of silence after which a line tells that the connection is alive."""
APART = 0.2
"""Seconds between events: of the changes between them the last one counts."""


class EventStream(StreamingResponse):
    """Jobs now, and again whenever they change: `data` is a job as JSON. One job's stream ends with the job."""

    media_type = "text/event-stream"

    def __init__(
        self, request: Request, jobs: Jobs, slots: Slots, *, owner: str | None = None, job: Job | None = None
    ) -> None:
        async def events() -> AsyncIterator[str]:
            with jobs.watching(owner=owner, job=job.id if job else None) as watcher:
                yield "retry: 2000\n\n"
                changed = [job] if job else jobs.of(owner or "")[::-1]
                while not watcher.closed:
                    for one in changed:
                        yield f"event: job\nid: {one.id}\ndata: {view(one, jobs).model_dump_json()}\n\n"
                    if job and (job.over or job.gone):
                        return
                    if changed:
                        await asyncio.sleep(APART)
                    changed = await watcher.changed(ALIVE)
                    if not changed:
                        yield ": alive\n\n"

        self._place = slots.taken(client_of(request))
        super().__init__(events(), headers={"X-Accel-Buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._place:
            await super().__call__(scope, receive, send)
