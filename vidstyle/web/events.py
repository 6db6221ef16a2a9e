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
    """Jobs as they change: `job`, with one as JSON.

    Of one job: as it is now, then every change, up to its end. Of a browser: first `jobs`, with all of them.
    """

    media_type = "text/event-stream"

    def __init__(
        self, request: Request, jobs: Jobs, slots: Slots, *, owner: str | None = None, job: Job | None = None
    ) -> None:
        async def events() -> AsyncIterator[str]:
            with jobs.watching(owner=owner, job=job.id if job else None) as watcher:
                yield "retry: 2000\n\n"
                if job is None:
                    everything = [view(one, jobs) for one in jobs.of(owner or "")]
                    yield f"event: jobs\ndata: [{','.join(one.model_dump_json() for one in everything)}]\n\n"
                changed = [job] if job else []
                while not watcher.closed:
                    for one in changed:
                        yield f"event: job\ndata: {view(one, jobs).model_dump_json()}\n\n"
                    if job and (job.over or job.gone):
                        return
                    await asyncio.sleep(APART)
                    changed = await watcher.changed(ALIVE)
                    if not changed:
                        yield ": alive\n\n"

        self._place = slots.taken(client_of(request))
        super().__init__(events(), headers={"X-Accel-Buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._place:
            await super().__call__(scope, receive, send)
