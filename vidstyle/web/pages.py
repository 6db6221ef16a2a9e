"""The page's own files, kept in memory: there are few, they are small, and many ask for them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from .owner import set_owner

__all__ = ["STATIC", "router"]

STATIC = Path(__file__).parent / "static"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

router = APIRouter(include_in_schema=False)
_files = {path.name: path.read_bytes() for path in STATIC.iterdir() if path.suffix in TYPES}
_tags = {name: f'"{hashlib.sha256(data).hexdigest()[:32]}"' for name, data in _files.items()}


@router.api_route("/", methods=["GET", "HEAD"])
async def page(request: Request) -> Response:
    """The page; a browser that comes for the first time gets a name for its jobs."""
    response = _answer(request, "index.html")
    set_owner(request, response)
    return response


@router.api_route("/{name}", methods=["GET", "HEAD"])
async def file(request: Request, name: str) -> Response:
    """One of its files."""
    if name not in _files:
        raise HTTPException(404, "there is no such file")
    return _answer(request, name)


def _answer(request: Request, name: str) -> Response:
    headers = {"ETag": _tags[name], "Cache-Control": "no-cache"}
    if _tags[name] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(_files[name], media_type=TYPES[Path(name).suffix], headers=headers)
