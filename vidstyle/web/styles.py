"""The built-in styles: their names and small pictures of them."""

from __future__ import annotations

import functools
import io
from typing import Any

from fastapi import APIRouter, HTTPException
from fastapi.responses import Response
from PIL import Image, ImageOps
from pydantic import BaseModel

from vidstyle.styles import builtin_styles

__all__ = ["router"]

SIDE = 256
"""Of a small picture, in pixels."""

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


FOUND: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get("/{name}/picture", response_class=Response, responses={**FOUND, 404: {"description": "no such style"}})
async def picture(name: str) -> Response:
    """A style's picture, small."""
    if name not in builtin_styles():
        raise HTTPException(404, "no such style")
    headers = {"Cache-Control": "private, max-age=3600"}
    return Response(_small(name), media_type="image/jpeg", headers=headers)


@functools.cache
def _small(name: str) -> bytes:
    file = io.BytesIO()
    with Image.open(builtin_styles()[name]) as image:
        ImageOps.fit(image, (SIDE, SIDE), Image.Resampling.LANCZOS).save(file, "JPEG", quality=85)
    return file.getvalue()
