"""The server behind the page."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from starlette.middleware import Middleware
from starlette.staticfiles import StaticFiles

from vidstyle import __version__

from . import styles
from .gate import Gate
from .settings import Settings

__all__ = ["create_app"]

STATIC = Path(__file__).parent / "static"


def create_app(settings: Settings | None = None) -> FastAPI:
    """The page and its API."""
    settings = settings or Settings()
    app = FastAPI(
        title="vidstyle",
        version=__version__,
        openapi_url="/api/openapi.json",
        docs_url=None,  # it would load scripts from elsewhere
        redoc_url=None,
        middleware=[Middleware(Gate, settings=settings)],
    )
    app.state.settings = settings
    app.include_router(styles.router)

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})

    app.mount("/", StaticFiles(directory=STATIC), name="static")
    return app
