"""What a page with a webcam may ask for, checked."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import unquote

from aiortc import RTCIceServer
from aiortc.sdp import SessionDescription
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vidstyle.errors import InputError, OptionError

__all__ = ["Share", "Wish", "check_offer", "ice_server", "what_is_wrong"]

CANDIDATES = 64
"""Addresses in an offer, at most: each is called."""

UpToOne = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Share(BaseModel):
    """A style in a mixture."""

    model_config = ConfigDict(extra="forbid")
    style: Annotated[str, Field(min_length=1, max_length=80)]
    """A built-in style's name, or what sending a picture gave."""
    weight: UpToOne = 1.0


class Wish(BaseModel):
    """How to paint from now on; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")
    styles: Annotated[list[Share], Field(min_length=1, max_length=4)] | None = None
    strength: UpToOne | None = None
    temporal: Literal["off", "fast"] | None = None
    keep_color: bool | None = None


def what_is_wrong(error: ValidationError) -> str:
    """One line."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else str(first["msg"])


def check_offer(offer: str) -> None:
    """InputError where it offers anything else than one picture and one data channel."""
    try:
        media = SessionDescription.parse(offer).media
        kinds = sorted(each.kind for each in media)
        candidates = sum(len(each.ice_candidates) for each in media)
    except Exception as error:  # the parser raises whatever its own statements do
        raise InputError("that is no offer of WebRTC") from error
    if kinds != ["application", "video"] or candidates > CANDIDATES:
        raise InputError("an offer has one picture, one data channel and a few addresses, and no more")


def ice_server(url: str) -> RTCIceServer:
    """Of `stun:HOST[:PORT]` or `turn[s]:[USER:PASSWORD@]HOST[:PORT]`. OptionError where it is neither."""
    scheme, _, rest = url.partition(":")
    account, at, host = rest.rpartition("@")
    if scheme not in ("stun", "turn", "turns") or not host or (at and scheme == "stun"):
        raise OptionError(f"{url} is no ICE server; give stun:HOST:PORT or turn:USER:PASSWORD@HOST:PORT")
    user, _, password = account.partition(":")
    return RTCIceServer(f"{scheme}:{host}", *([unquote(user), unquote(password)] if at else []))
