"""How much one client may ask for: requests by the second, and long ones at once."""

from __future__ import annotations

import ipaddress
import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["RateLimit", "Slots", "client_of"]

MOST_CLIENTS = 10_000
"""That are remembered; those whose credit is full again are forgotten first."""


def client_of(connection: HTTPConnection) -> str:
    """By whose account a request goes: an address, of IPv6 the network that one customer has."""
    host = connection.client.host if connection.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False))
    return host


class RateLimit:
    """Token buckets: `burst` requests at once, `rate` a second on average; beyond it 429 with Retry-After."""

    def __init__(self, app: ASGIApp, rate: float, burst: int) -> None:
        self.app, self.rate, self.burst = app, rate, burst
        self._credit: dict[str, tuple[float, float]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        wait = self._wait(client_of(HTTPConnection(scope)))
        if wait <= 0:
            return await self.app(scope, receive, send)
        if scope["type"] == "websocket":
            await receive()
            return await send({"type": "websocket.close", "code": 4429})
        seconds = math.ceil(wait)
        text = f"too many requests; try again in {seconds} second{'s' if seconds > 1 else ''}"
        await JSONResponse({"detail": text}, 429, {"Retry-After": str(seconds)})(scope, receive, send)

    def _wait(self, client: str) -> float:
        """Seconds until a request may be made; 0 where it is granted."""
        now = time.monotonic()
        credit, at = self._credit.pop(client, (float(self.burst), now))
        credit = min(self.burst, credit + (now - at) * self.rate)
        granted = credit >= 1
        self._credit[client] = (credit - granted, now)
        if len(self._credit) > MOST_CLIENTS:
            del self._credit[next(iter(self._credit))]
        return 0.0 if granted else (1 - credit) / self.rate


class Slots:
    """Places for what takes long: `each` for one client, `all` together."""

    def __init__(self, what: str, each: int, all: int) -> None:
        self.what, self.each, self.all = what, each, all
        self._taken: Counter[str] = Counter()

    @contextmanager
    def taken(self, client: str) -> Iterator[None]:
        """A place; HTTPException 429 where there is none."""
        if self._taken[client] >= self.each or self._taken.total() >= self.all:
            raise HTTPException(429, f"too many {self.what} at once; try again in a while", {"Retry-After": "5"})
        self._taken[client] += 1
        try:
            yield
        finally:
            self._taken[client] -= 1
            if not self._taken[client]:
                del self._taken[client]
