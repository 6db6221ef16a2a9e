"""The API of jobs: submit, list, status, events, result, cancel."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated, Any, Literal

import anyio.to_thread
from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import BaseModel, Field, ValidationError

from vidstyle.styles import builtin_styles

from .events import EventStream
from .jobs import Full, Job, Jobs
from .kinds import PICTURES, media_type
from .limits import client_of
from .owner import owner_of, set_owner
from .place import Place
from .settings import Settings
from .uploads import Form, receive_form
from .views import JobView, Limits, result_name, view

__all__ = ["router"]


class Wishes(BaseModel):
    """The fields of the form beside the files."""

    style: str | None = None
    strength: float = Field(1.0, ge=0, le=1, allow_inf_nan=False)
    keep_color: Literal["true", "false"] = "false"
    temporal: Literal["off", "fast", "best"] = "fast"
    format: Literal["mp4", "same"] = "mp4"


def _form(name: str, style: dict[str, Any]) -> dict[str, Any]:
    fields = {
        "video": {"type": "string", "format": "binary", "description": "a video or a picture"},
        name: style,
        "strength": {"type": "number", "minimum": 0, "maximum": 1, "default": 1},
        "keep_color": {"type": "boolean", "default": False},
        "temporal": {"type": "string", "enum": ["off", "fast", "best"], "default": "fast"},
        "format": {
            "type": "string",
            "enum": ["mp4", "same"],
            "default": "mp4",
            "description": "of the result: MP4, which plays everywhere, or like the file",
        },
    }
    return {"type": "object", "required": ["video", name], "additionalProperties": False, "properties": fields}


FORM = {
    "oneOf": [
        _form("style", {"type": "string", "enum": list(builtin_styles()), "description": "a built-in style"}),
        _form("picture", {"type": "string", "format": "binary", "description": "a style picture of your own"}),
    ]
}
"""How the form is documented; it is read while it comes in, which FastAPI cannot."""


class Problem(BaseModel):
    """What is wrong, in one line."""

    detail: str


def problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    """The answers with these codes, documented."""
    return {code: {"model": Problem} for code in codes}


router = APIRouter(
    prefix="/api",
    tags=["jobs"],
    responses=problems(429),
    generate_unique_id_function=lambda route: f"job_{route.name}",
)
LINKS = {
    name: {"operationId": f"job_{name}", "parameters": {"id": "$response.body#/id"}}
    for name in ("status", "events", "cancel", "remove", "result", "before", "after")
}
"""What can be asked of a job that was submitted."""


def _jobs(request: Request) -> Jobs:
    jobs: Jobs = request.app.state.jobs
    return jobs


def _job(request: Request, id: str) -> Job:
    job = _jobs(request).get(id)
    if job is None:
        raise HTTPException(404, "there is no such job; it may have been removed")
    return job


JobsHere = Annotated[Jobs, Depends(_jobs)]
JobHere = Annotated[Job, Depends(_job)]


@router.get("/limits")
async def limits(request: Request, jobs: JobsHere) -> Limits:
    """What is taken here, and how busy it is."""
    settings, refusal = jobs.settings, None
    try:
        jobs.check_room(client_of(request))
        await _check_disk(request.app.state.place, settings)
    except Full as full:
        refusal = str(full)
    except HTTPException as full:
        refusal = full.detail
    return Limits(
        max_bytes=settings.max_bytes,
        max_style_bytes=settings.max_style_bytes,
        max_seconds=settings.max_seconds,
        max_pixels=settings.max_pixels,
        keep=settings.keep,
        jobs=settings.jobs,
        queue=settings.waiting,
        running=jobs.running,
        waiting=len(jobs.waiting),
        refusal=refusal,
    )


@router.post(
    "/jobs",
    status_code=201,
    responses={201: {"links": LINKS}, **problems(400, 408, 413, 415, 422, 507)},
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": FORM}}}},
)
async def submit(request: Request, response: Response, jobs: JobsHere) -> JobView:
    """Hand in a video or a picture to be painted."""
    settings, place, uploads = jobs.settings, request.app.state.place, request.app.state.uploads
    client = client_of(request)
    try:
        jobs.check_room(client)
        with uploads.taken(client):
            await _check_disk(place, settings)
            folder = place.folder()
            try:
                files = {"video": settings.max_bytes, "picture": settings.max_style_bytes}
                form = await receive_form(request, folder, files, settings.upload_seconds)
                job = _ordered(form, folder, client)
                job.owner = set_owner(request, response)
                jobs.submit(job)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
    except Full as full:
        raise HTTPException(429, str(full), {"Retry-After": "30"}) from None
    response.headers["Location"] = f"/api/jobs/{job.id}"
    return view(job, jobs)


async def _check_disk(place: Place, settings: Settings) -> None:
    # A result may be as large again, and so may copies for browsers.
    stored = await anyio.to_thread.run_sync(place.stored)
    if stored > settings.max_stored or place.free() < 2 * settings.max_bytes:
        raise HTTPException(507, "there is no room for more files here; remove some jobs")


def _ordered(form: Form, folder: Path, client: str) -> Job:
    """What a form asks for; HTTPException 422 where that makes no sense."""
    try:
        wishes = Wishes.model_validate(form.fields)
    except ValidationError as error:
        first = error.errors()[0]
        raise HTTPException(422, f"{first['loc'][0]}: {first['msg']}") from None
    if unknown := sorted(form.fields.keys() - Wishes.model_fields.keys()):
        raise HTTPException(422, f"{unknown[0]!r:.60} is no field of this form")
    video, picture = form.files.get("video"), form.files.get("picture")
    if video is None or not video.size:
        raise HTTPException(422, "there is no video, or an empty one; send a file as video")
    if picture and wishes.style:
        raise HTTPException(422, "give a style or a picture, not both")
    if picture and picture.path.suffix not in PICTURES:
        raise HTTPException(422, f"{picture.name} is no style picture; take one of {' '.join(sorted(PICTURES))}")
    if not picture and wishes.style not in builtin_styles():
        raise HTTPException(422, f"there is no such style; take one of {', '.join(builtin_styles())}, or a picture")
    return Job(
        folder=folder,
        owner="",
        client=client,
        input=video.path,
        name=video.name,
        style=picture.name if picture else wishes.style or "",
        picture=picture.path if picture else None,
        strength=wishes.strength,
        keep_color=wishes.keep_color == "true",
        temporal=wishes.temporal,
        format=wishes.format,
    )


@router.get("/jobs")
async def list_jobs(request: Request, jobs: JobsHere) -> list[JobView]:
    """The jobs of this browser, or of whoever keeps the cookie; the newest first."""
    return [view(job, jobs) for job in jobs.of(owner_of(request))]


@router.get("/jobs/{id}", responses=problems(404))
async def status(job: JobHere, jobs: JobsHere) -> JobView:
    """How a job stands."""
    return view(job, jobs)


EVENTS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}}


@router.get("/events", response_class=StreamingResponse, responses=EVENTS)
async def all_events(request: Request, jobs: JobsHere) -> EventStream:
    """This browser's jobs as server-sent events: all of them now, and each whenever it changes."""
    return EventStream(request, jobs, request.app.state.streams, owner=owner_of(request))


@router.get("/jobs/{id}/events", response_class=StreamingResponse, responses=EVENTS | problems(404))
async def events(request: Request, job: JobHere, jobs: JobsHere) -> EventStream:
    """A job as server-sent events: now, whenever it changes, up to its end."""
    return EventStream(request, jobs, request.app.state.streams, job=job)


@router.post("/jobs/{id}/cancel", responses=problems(404))
async def cancel(job: JobHere, jobs: JobsHere) -> JobView:
    """Stop a job. One that has ended stays as it is."""
    jobs.cancel(job)
    return view(job, jobs)


@router.delete("/jobs/{id}", status_code=204, responses=problems(404))
async def remove(job: JobHere, jobs: JobsHere) -> None:
    """Forget a job, with its files; one that goes on is stopped."""
    jobs.remove(job)


FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
    **problems(404, 409),
}


@router.get("/jobs/{id}/result", response_class=FileResponse, responses=FILE)
async def result(job: JobHere) -> FileResponse:
    """The painted file, to be saved."""
    return _file(job, job.result, result_name(job) if job.result else None)


@router.get("/jobs/{id}/before", response_class=FileResponse, responses=FILE)
async def before(job: JobHere) -> FileResponse:
    """The file that was sent, in a form that browsers show."""
    return _file(job, job.before)


@router.get("/jobs/{id}/after", response_class=FileResponse, responses=FILE)
async def after(job: JobHere) -> FileResponse:
    """The painted file, in a form that browsers show."""
    return _file(job, job.after)


def _file(job: Job, path: Path | None, name: str | None = None) -> FileResponse:
    if path is None:
        text = "the job has no such file" if job.over else "the job is not done yet"
        raise HTTPException(409, text)
    return FileResponse(path, media_type=media_type(path.suffix), filename=name)
