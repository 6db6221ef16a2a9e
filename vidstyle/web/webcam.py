"""The webcam's part of the API: signalling, and pictures to paint in the style of."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from vidstyle.errors import VidstyleError

from .job_api import problems
from .limits import client_of
from .sessions import Full, Sessions
from .settings import Settings
from .style_pictures import StylePictures
from .uploads import receive_form
from .wishes import Wish, ice_server

__all__ = ["webcam_router"]

FORM = {
    "type": "object",
    "required": ["picture"],
    "properties": {"picture": {"type": "string", "format": "binary", "description": "a style picture of your own"}},
}
"""How the form is documented; it is read while it comes in, which FastAPI cannot."""


class Offer(BaseModel):
    """What a browser offers, with all its addresses in it, and how it wants to be painted."""

    model_config = ConfigDict(extra="forbid")
    sdp: Annotated[str, Field(min_length=1, max_length=40_000)]
    wish: Wish = Wish()


class Answer(BaseModel):
    """session: its name, to end it by."""

    session: str
    sdp: str


class Sent(BaseModel):
    """A style picture that was sent; style: what to call it in a wish."""

    style: str


class Webcam(BaseModel):
    """sessions: open now; ice_servers: as RTCPeerConnection takes them."""

    sessions: int
    most: int
    ice_servers: list[dict[str, Any]]


def webcam_router(settings: Settings) -> APIRouter:
    """The routes below /api/webcam, with the sessions behind them, which end with the app."""
    ice = [ice_server(url) for url in settings.ice_servers]
    pictures = StylePictures()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await sessions.close_all()

    sessions = Sessions(
        settings.model,
        settings.device,
        pictures.find,
        most=settings.webcams,
        ice=ice,
        max_pixels=settings.webcam_pixels,
        patience=settings.webcam_idle,
    )
    router = APIRouter(prefix="/api/webcam", tags=["webcam"], responses=problems(429), lifespan=lifespan)

    @router.get("")
    async def webcam() -> Webcam:
        """What there is, before anything begins."""
        servers = [
            {"urls": each.urls, **({"username": each.username, "credential": each.credential} if each.username else {})}
            for each in ice
        ]
        return Webcam(sessions=len(sessions), most=sessions.most, ice_servers=servers)

    @router.post("/sessions", status_code=201, responses=problems(400, 503))
    async def open_session(offer: Offer) -> Answer:
        """Begin: the camera's picture comes by WebRTC and goes back painted. The data channel takes wishes."""
        try:
            name, answer = await sessions.open(offer.sdp, offer.wish)
        except Full:
            people = "one person is" if sessions.most == 1 else f"{sessions.most} people are"
            raise HTTPException(503, f"{people} being painted, which is as many as can be; try again later") from None
        except VidstyleError as error:
            raise HTTPException(400, str(error)) from None
        return Answer(session=name, sdp=answer)

    @router.delete("/sessions/{name}", status_code=204, responses=problems(404))
    async def close_session(name: str) -> None:
        """End a session."""
        if not await sessions.close(name):
            raise HTTPException(404, "there is no such session")

    @router.post(
        "/styles",
        status_code=201,
        responses=problems(400, 408, 413, 415, 422, 507),
        openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": FORM}}}},
    )
    async def send_style(request: Request) -> Sent:
        """Send a picture to be painted in its style."""
        with request.app.state.uploads.taken(client_of(request)):
            folder = request.app.state.place.folder()
            try:
                files = {"picture": settings.max_style_bytes}
                form = await receive_form(request, folder, files, settings.upload_seconds)
                if "picture" not in form.files:
                    raise HTTPException(422, "there is no picture; send a file as picture")
                return Sent(style=await pictures.add(form.files["picture"].path))
            except VidstyleError as error:
                shutil.rmtree(folder, ignore_errors=True)
                raise HTTPException(400, str(error)) from None
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise

    return router
