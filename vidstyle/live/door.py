"""A small HTTP server, for this machine or for who has the token."""

from __future__ import annotations

import hmac
import ipaddress
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from vidstyle.errors import OptionError, OutputError

__all__ = ["Door", "Visit", "place"]

CONNECTIONS = 32
LONGEST = 64_000
"""Bytes of a request's body."""
PATIENCE = 10.0
"""Seconds that a visitor has to say what it wants, or to take what it is given."""


def place(text: str) -> tuple[str, int]:
    """`8090` or `HOST:8090`; without a host, this machine alone."""
    host, _, port = text.rpartition(":")
    if not port.isdigit() or not 0 <= int(port) < 65536:
        raise OptionError(f"{text} is no place to listen at; give a port, or HOST:PORT")
    return host.strip("[]") or "127.0.0.1", int(port)


class Visit(BaseHTTPRequestHandler):
    """One request."""

    timeout = PATIENCE
    server: Any
    server_version, sys_version = "vidstyle", ""

    @property
    def where(self) -> str:
        return urlsplit(self.path).path

    def json(self) -> Any:
        """The body. ValueError where it is not JSON, or too long."""
        if self.headers.get_content_type() != "application/json":
            raise ValueError("send JSON, with Content-Type: application/json")
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= LONGEST:
            raise ValueError(f"more than {LONGEST} bytes")
        return json.loads(self.rfile.read(length))

    def answer(self, body: bytes | dict[str, Any], kind: str = "application/json", status: int = 200) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode() + b"\n"
        self.begin(kind, status, length=len(data))
        self.wfile.write(data)

    def begin(self, kind: str, status: int = 200, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.end_headers()

    def refuse(self, status: int, why: str) -> None:
        self.answer({"error": why}, status=status)

    def do_GET(self) -> None:
        door: Door = self.server.door
        self.close_connection = True
        if not door.places.acquire(blocking=False):
            return self.refuse(503, "too many visitors")
        try:
            why = door.objection(self)
            if why:
                return self.refuse(403, why)
            door.serve(self)
        except (OSError, TimeoutError):
            pass  # it has gone
        finally:
            door.places.release()

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the terminal belongs to the status line."""


class Door:
    """Listens from the beginning; `serve` answers what is let in, on a thread for each visitor.

    token: must come with every request, as `Authorization: Bearer TOKEN` or `?token=TOKEN`; without one, only this
    machine may be listened at, and no page of another origin is let in.
    """

    def __init__(self, host: str, port: int, token: str | None, serve: Callable[[Visit], None]) -> None:
        self._local = _is_local(host)
        if not self._local and not token:
            raise OptionError(f"whoever reaches {host} could see and change everything: give a token with --token")
        self._token, self.serve = token, serve
        self.places = threading.BoundedSemaphore(CONNECTIONS)
        try:
            self._server = ThreadingHTTPServer((host, port), Visit)
        except OSError as error:
            raise OutputError(f"nobody can listen at {host}:{port}: {error.strerror or error}") from None
        self._server.daemon_threads = True
        self._server.door = self  # type: ignore[attr-defined]
        self.address = f"http://{host}:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.2,), name="door", daemon=True).start()

    def objection(self, visit: Visit) -> str | None:
        """Why a request is not let in."""
        if self._token:
            given = parse_qs(urlsplit(visit.path).query).get("token", [""])[0]
            header = visit.headers.get("Authorization", "")
            given = header.removeprefix("Bearer ") if header.startswith("Bearer ") else given
            return (
                None if hmac.compare_digest(given.encode(), self._token.encode()) else "the token is missing or wrong"
            )
        # A page from elsewhere may ask the browser to come here, by a name of its own.
        if not _is_local(urlsplit("//" + visit.headers.get("Host", "")).hostname or ""):
            return "this is for this machine alone"
        if visit.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            return "no page of another origin is let in"
        return None

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _is_local(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
