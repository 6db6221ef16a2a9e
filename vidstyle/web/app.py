"""The server behind the page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import compile_path

from vidstyle import __version__

from . import job_api, pages, styles
from .gate import Gate
from .headers import SecurityHeaders
from .jobs import Jobs
from .limits import RateLimit, Slots
from .place import Place
from .settings import Settings
from .webcam import webcam_router

__all__ = ["create_app"]


def create_app(settings: Settings | None = None) -> FastAPI:
    """The page and its API."""
    settings = settings or Settings()

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        place = app.state.place = Place(settings.folder)
        jobs = app.state.jobs = Jobs(settings)
        loop = asyncio.get_running_loop()
        # For whoever ends the server: a page that listens to events would hold it up.
        app.state.closing = lambda: loop.call_soon_threadsafe(jobs.dismiss)
        try:
            yield
        finally:
            await jobs.close()
            place.close()

    app = FastAPI(
        title="vidstyle",
        version=__version__,
        description="Videos and pictures, painted in the style of a picture.",
        openapi_url="/api/openapi.json",
        docs_url=None,  # it would load scripts from elsewhere
        redoc_url=None,
        lifespan=life,
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(RateLimit, rate=settings.rate, burst=settings.burst),
            Middleware(Gate, settings=settings),
        ],
    )
    app.add_exception_handler(405, _not_that_way)
    app.state.settings = settings
    app.state.uploads = Slots("uploads", settings.uploads, 4 * settings.uploads)
    app.state.streams = Slots("open pages", settings.streams, 1000)
    app.include_router(styles.router)
    app.include_router(job_api.router)
    app.include_router(webcam_router(settings))
    app.include_router(pages.router)
    return app


async def _not_that_way(request: Request, error: Exception) -> Response:
    """405, with all methods that the path has: Starlette names those of its first route."""
    assert isinstance(error, HTTPException)
    for template, operations in request.app.openapi()["paths"].items():
        if compile_path(template)[0].match(request.url.path):
            error.headers = {"Allow": ", ".join(sorted(operations)).upper()}
    return await http_exception_handler(request, error)
