"""The built-in styles: their names and pictures."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse
from pydantic import BaseModel

from vidstyle.styles import builtin_styles

__all__ = ["router"]

router = APIRouter(prefix="/api/styles", tags=["styles"])


class BuiltIn(BaseModel):
    """A style that comes with vidstyle."""

    name: str
    picture: str
    """Where its picture is."""


@router.get("")
def list_styles() -> list[BuiltIn]:
    """The built-in styles."""
    return [BuiltIn(name=name, picture=f"/api/styles/{name}/picture") for name in builtin_styles()]


@router.get("/{name}/picture", response_class=FileResponse, responses={404: {"description": "no such style"}})
def picture(name: str) -> FileResponse:
    """A style's picture."""
    path = builtin_styles().get(name)
    if path is None:
        raise HTTPException(404, "no such style")
    return FileResponse(path, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})
