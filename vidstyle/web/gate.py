"""Who may come in: the name the page is called by, where a request comes from, and the token.

- A page of another site, whose name was made to point here (DNS rebinding), calls the server by that name: only known
  names and addresses are answered.
- A page of another site may send requests that need no reading of the answer (CSRF): whatever changes something, and
  every WebSocket, must come from the page itself or from no page at all (curl).
- With a token, everything needs it: `Authorization: Bearer TOKEN`, or the cookie that `/?token=TOKEN` leaves.
"""

from __future__ import annotations

import hmac
import ipaddress
import socket
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from .settings import Settings, is_loopback

__all__ = ["Gate", "cookies"]

COOKIE = "vidstyle_token"
SAFE = ("GET", "HEAD", "OPTIONS")


class Gate:
    """Refuses what may not come in."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.settings = app, settings
        self._local = is_loopback(settings.host)
        self._names = {"localhost", *(name.lower() for name in settings.names)}
        if not self._local:
            own = socket.gethostname().lower()
            self._names |= {settings.host.lower(), own, f"{own}.local"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)

        refusal = self._refusal(scope)
        if refusal is None:
            return await self.app(scope, receive, send)
        if scope["type"] == "websocket":
            await receive()
            return await send({"type": "websocket.close", "code": 4403})
        await refusal(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._known(host):
            return _refuse(421, "this server does not go by that name; tell it with --name")
        if not _from_here(scope, headers, host):
            return _refuse(403, "requests from other sites are refused")
        if self.settings.token is None or self._may(headers.get("authorization", "").removeprefix("Bearer ")):
            return None
        if self._may(cookies(headers).get(COOKIE, "")):
            return None
        given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])[0]
        if scope["type"] == "http" and scope["path"] == "/" and given:
            if self._may(given):
                answer = RedirectResponse("/", 303)
                # Lax, not Strict: whoever follows a link to the page from elsewhere is let in as well.
                secure = scope["scheme"] == "https"
                answer.set_cookie(COOKIE, given, max_age=30 * 86400, httponly=True, samesite="lax", secure=secure)
                return answer
            return _refuse(401, "that token is not right; take the address that vidstyle web printed")
        return _refuse(401, "a token is needed; open the address that vidstyle web printed")

    def _may(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), (self.settings.token or "").encode()) and bool(given)

    def _known(self, host: str) -> bool:
        """Whether that is a name of this server; an address cannot be made to point elsewhere."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self._names:
            return True
        address = _address(name)
        return address is not None and (address.is_loopback or not self._local)


def cookies(headers: Headers) -> dict[str, str]:
    """The cookies of a request."""
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(headers.get("cookie", "")).items()}
    except CookieError:
        return {}


def _from_here(scope: Scope, headers: Headers, host: str) -> bool:
    """Whether a request comes from the page itself, or from no page."""
    changes = scope["type"] == "websocket" or scope["method"] not in SAFE
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if changes and origin is not None:
        return origin.lower() in (f"http://{host}".lower(), f"https://{host}".lower())
    if site in (None, "same-origin", "none"):
        return True
    # Somebody followed a link to the page.
    return not changes and scope["path"] == "/" and headers.get("sec-fetch-mode") == "navigate"


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def _refuse(status: int, text: str) -> Response:
    return JSONResponse({"detail": text}, status)
