"""What the API tells of jobs."""

from __future__ import annotations

from pydantic import BaseModel, Field

from .jobs import Job, Jobs, State
from .kinds import media_type, shown_name

__all__ = ["JobView", "Limits", "ResultView", "result_name", "view"]


class ResultView(BaseModel):
    """A finished job's file."""

    name: str
    type: str
    bytes: int
    url: str


class JobView(BaseModel):
    """A job: a file, how it is painted, how far that is."""

    id: str
    name: str = Field(description="the file, as its owner calls it")
    style: str
    strength: float
    keep_color: bool
    temporal: str
    format: str
    state: State
    position: int | None = Field(description="how many jobs are before it in the queue")
    created: float = Field(description="seconds since 1970")
    started: float | None
    ended: float | None
    size: tuple[int, int] | None = Field(description="width and height")
    still: bool
    frames: int = Field(description="painted so far")
    total: int | None
    fps: float
    eta: float | None = Field(description="seconds to go, where that can be told")
    notes: list[str]
    error: str | None
    result: ResultView | None
    before: str | None = Field(description="where the file is, in a form that browsers show")
    after: str | None = Field(description="where the result is, in a form that browsers show")
    gone: bool = Field(description="only in events: whether it was removed")


class Limits(BaseModel):
    """What is taken here, and how busy it is."""

    max_bytes: int
    max_style_bytes: int
    max_seconds: float
    max_pixels: int
    keep: float = Field(description="seconds after which ended jobs are removed")
    jobs: int = Field(description="jobs that run at once")
    queue: int = Field(description="jobs that may wait")
    running: int
    waiting: int
    refusal: str | None = Field(description="why no job of yours would be taken now")


def view(job: Job, jobs: Jobs) -> JobView:
    """A job as it is now."""
    here = f"/api/jobs/{job.id}"
    result = None
    if job.result:
        name = result_name(job)
        size = job.result.stat().st_size if job.result.exists() else 0
        result = ResultView(name=name, type=media_type(job.result.suffix), bytes=size, url=f"{here}/result")
    return JobView(
        id=job.id,
        name=job.name,
        style=job.style,
        strength=job.strength,
        keep_color=job.keep_color,
        temporal=job.temporal,
        format=job.format,
        state=job.state,
        position=jobs.position(job),
        created=job.created,
        started=job.started,
        ended=job.ended,
        size=job.size,
        still=job.still,
        frames=job.frames,
        total=job.total,
        fps=job.fps,
        eta=job.eta,
        notes=job.notes,
        error=job.error,
        result=result,
        before=f"{here}/before" if job.before else None,
        after=f"{here}/after" if job.after else None,
        gone=job.gone,
    )


def result_name(job: Job) -> str:
    """What a result is called when it is saved: clip.mp4 in waves is clip-waves.mp4."""
    assert job.result
    style = job.style.rpartition(".")[0] or job.style if job.picture else job.style
    stem = job.name.rpartition(".")[0] or job.name
    return shown_name(f"{stem}-{style}{job.result.suffix}")
