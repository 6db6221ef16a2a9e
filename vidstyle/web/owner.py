"""Which browser a job belongs to: a cookie with a random name for it."""

from __future__ import annotations

import re
import secrets

from starlette.requests import HTTPConnection
from starlette.responses import Response

from .gate import cookies

__all__ = ["owner_of", "set_owner"]

COOKIE = "vidstyle_browser"


def owner_of(connection: HTTPConnection) -> str:
    """The browser's name; empty where it has none."""
    given = cookies(connection.headers).get(COOKIE, "")
    return given if re.fullmatch(r"[0-9a-f]{32}", given) else ""


def set_owner(connection: HTTPConnection, response: Response) -> str:
    """Give the browser a name if it has none."""
    if owner := owner_of(connection):
        return owner
    owner = secrets.token_hex(16)
    secure = connection.url.scheme in ("https", "wss")
    response.set_cookie(COOKIE, owner, max_age=365 * 86400, httponly=True, samesite="lax", secure=secure)
    return owner
