"""Jobs and their queue."""

from __future__ import annotations

import asyncio
import logging
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from .child import Broken, Workers
from .settings import Settings

__all__ = ["Full", "Job", "Jobs", "State", "Watcher"]

State = Literal["waiting", "running", "done", "failed", "cancelled"]
SWEEP = 60
"""Seconds between looks for jobs that are too old."""

RESULT = re.compile(r"\bvideo-painted\.\w+")
OPTION = re.compile(r"[;,]? \(?(?:raise |give |leave )?--[a-z][a-z-]+.*$")
"""Advice that is for the command line."""

log = logging.getLogger("vidstyle.web")


class Full(Exception):
    """No more jobs can wait; the message says why."""


@dataclass
class Job:
    """One file to paint, how far that is, and what came of it. Its folder has a random name."""

    folder: Path
    owner: str
    """The browser that it belongs to."""
    client: str
    """By whose account it goes; see `limits.client_of`."""
    input: Path
    name: str
    style: str
    picture: Path | None
    strength: float
    keep_color: bool
    temporal: str
    format: str
    state: State = "waiting"
    created: float = field(default_factory=time.time)
    started: float | None = None
    ended: float | None = None
    size: tuple[int, int] | None = None
    still: bool = False
    frames: int = 0
    total: int | None = None
    fps: float = 0.0
    eta: float | None = None
    notes: list[str] = field(default_factory=list)
    error: str | None = None
    result: Path | None = None
    before: Path | None = None
    after: Path | None = None
    gone: bool = False

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def over(self) -> bool:
        return self.state in ("done", "failed", "cancelled")


class Watcher:
    """Which jobs have changed since somebody looked last."""

    def __init__(self, owner: str | None, job: str | None) -> None:
        self.owner, self.job = owner, job
        self._changed: dict[str, Job] = {}
        self._event = asyncio.Event()
        self.closed = False

    def touch(self, job: Job) -> None:
        if job.id == self.job or (self.owner and job.owner == self.owner):
            self._changed[job.id] = job
            self._event.set()

    def close(self) -> None:
        self.closed = True
        self._event.set()

    async def changed(self, seconds: float) -> list[Job]:
        """Wait for a change; after so many seconds there is none."""
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._event.wait(), seconds)
        self._event.clear()
        found, self._changed = list(self._changed.values()), {}
        return found


class Jobs:
    """All jobs of a server. Everything happens in its event loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._jobs: dict[str, Job] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._watchers: set[Watcher] = set()
        self._sweeper = asyncio.create_task(self._sweep())
        self._workers = Workers()
        self._open = True

    def get(self, id: str) -> Job | None:
        return self._jobs.get(id)

    def of(self, owner: str) -> list[Job]:
        """A browser's jobs, the newest first."""
        return [job for job in reversed(self._jobs.values()) if owner and job.owner == owner]

    @property
    def waiting(self) -> list[Job]:
        return [job for job in self._jobs.values() if job.state == "waiting"]

    @property
    def running(self) -> int:
        return sum(job.state == "running" for job in self._jobs.values())

    def position(self, job: Job) -> int | None:
        """How many are before it in the queue."""
        return self.waiting.index(job) if job.state == "waiting" else None

    def check_room(self, client: str) -> None:
        """Full where another job could not be taken."""
        waiting, own = self.waiting, [job for job in self.waiting if job.client == client]
        idle = len(self._tasks) < self.settings.jobs and not waiting
        if not idle and len(waiting) >= self.settings.waiting:
            raise Full(f"{len(waiting)} videos are waiting already; try again in a while")
        if len(own) >= self.settings.waiting_per_client:
            raise Full(f"{len(own)} videos of yours are waiting already; let some of them end first")

    def submit(self, job: Job) -> None:
        """Into the queue; Full where it is full."""
        self.check_room(job.client)
        self._jobs[job.id] = job
        self._next()
        self._touch(job)

    def cancel(self, job: Job) -> None:
        """Stop it; its process is killed, its files go."""
        if job.over:
            return
        self._end(job, "cancelled")
        if task := self._tasks.get(job.id):
            task.cancel()  # removes the files when the process is gone
        else:
            _clear(job)
        self._touch_waiting()

    def remove(self, job: Job) -> None:
        """Forget it, with its files."""
        self.cancel(job)
        job.gone = True
        self._jobs.pop(job.id, None)
        if job.id not in self._tasks:
            _clear(job)
        self._touch(job)

    @contextmanager
    def watching(self, *, owner: str | None = None, job: str | None = None) -> Iterator[Watcher]:
        """Somebody who wants to know of changes, of a browser's jobs or of one."""
        watcher = Watcher(owner, job)
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    def dismiss(self) -> None:
        """End all watching: the server stops."""
        for watcher in self._watchers:
            watcher.close()

    async def close(self) -> None:
        """Stop everything."""
        self._open = False
        self.dismiss()
        self._sweeper.cancel()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._workers.close()

    def _next(self) -> None:
        """Start what can be started."""
        while self._open and len(self._tasks) < self.settings.jobs and (waiting := self.waiting):
            job = waiting[0]
            job.state, job.started = "running", time.time()
            self._tasks[job.id] = asyncio.create_task(self._run(job))
            self._touch(job)
        self._touch_waiting()

    async def _run(self, job: Job) -> None:
        try:
            await asyncio.wait_for(self._work(job), self.settings.max_work)
        except (TimeoutError, asyncio.TimeoutError):
            self._fail(job, f"it took longer than {self.settings.max_work / 60:g} minutes, which is the most here")
        except asyncio.CancelledError:
            if not job.over:
                self._end(job, "cancelled")
        except Broken as broken:
            log.error("job %s: %s; %s", job.id, broken, broken.said)
            memory = f"{self.settings.max_memory / 1e9:g} GB"
            self._fail(job, f"its process broke off: the file is damaged, or needs more memory than {memory}")
        except Exception:
            log.exception("job %s", job.id)
            self._fail(job, "something went wrong in the server; its log says more")
        finally:
            del self._tasks[job.id]
            if job.gone or job.state != "done":
                _clear(job)
            self._next()

    async def _work(self, job: Job) -> None:
        settings = self.settings
        order = {
            "folder": str(job.folder),
            "input": job.input.name,
            "style": job.style,
            "picture": job.picture.name if job.picture else None,
            "strength": job.strength,
            "keep_color": job.keep_color,
            "temporal": job.temporal,
            "format": job.format,
            "model": settings.model,
            "device": settings.device,
            "max_memory": settings.max_memory,
            "max_file": settings.max_bytes * 4,
            "max_seconds": settings.max_seconds,
            "max_pixels": settings.max_pixels,
        }
        async with aclosing(self._workers.talk(order)) as events:
            async for event in events:
                self._hear(job, event)
                self._touch(job)

    def _hear(self, job: Job, event: dict[str, Any]) -> None:
        match event["event"]:
            case "looked":
                job.size, job.total, job.still = tuple(event["size"]), event["frames"], event["still"]
            case "progress":
                job.frames, job.fps, job.eta = event["frames"], event["fps"], event["eta"]
                job.total = event["total"] or job.total
            case "note":
                job.notes.append(_said(job, event["text"]))
            case "failed":
                self._fail(job, _said(job, event["text"]))
            case "done":
                job.size, job.frames, job.total = tuple(event["size"]), event["frames"], event["frames"]
                job.result = job.folder / event["result"]
                job.before = job.folder / event["before"] if event["before"] else None
                job.after = job.folder / event["after"] if event["after"] else None
                self._end(job, "done")

    def _fail(self, job: Job, error: str) -> None:
        job.error = error
        self._end(job, "failed")

    def _end(self, job: Job, state: State) -> None:
        job.state, job.ended, job.eta = state, time.time(), None
        self._touch(job)

    def _touch(self, job: Job) -> None:
        for watcher in self._watchers:
            watcher.touch(job)

    def _touch_waiting(self) -> None:
        for job in self.waiting:
            self._touch(job)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(min(SWEEP, self.settings.keep))
            oldest = time.time() - self.settings.keep
            for job in list(self._jobs.values()):
                if job.ended is not None and job.ended < oldest:
                    self.remove(job)


def _clear(job: Job) -> None:
    shutil.rmtree(job.folder, ignore_errors=True)


def _said(job: Job, text: str) -> str:
    """A worker's words as the page shows them: with the names that people know, without options of the command."""
    for path, name in ((job.input, job.name), (job.picture, job.style)):
        if path:
            text = text.replace(path.name, f"“{name}”")
    return OPTION.sub("", RESULT.sub("the result", text))
