"""Many people with the page open at once: how long they wait, and what the server takes.

Usage: python bench/web_clients.py [CLIENTS] [SECONDS]

Starts `vidstyle web`. Every client has an address of its own (127.0.x.y), loads the page with all its files and style
pictures, listens to events, and asks for the state of things every second; one hands in samples/harbour.mp4 meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
COOKIE = "vidstyle_browser=" + "0" * 32
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
FILES = [path.name for path in sorted((ROOT / "vidstyle" / "web" / "static").iterdir())]


class Visitor:
    """A browser's six connections, with an address of its own; and how long answers took, by what was asked."""

    def __init__(self, port: int, address: str, took: dict[str, list[float]], failed: list[str]) -> None:
        self.port, self.address, self.took, self.failed = port, address, took, failed
        self.free: asyncio.LifoQueue[Connection | None] = asyncio.LifoQueue()
        for _ in range(6):
            self.free.put_nowait(None)

    async def connect(self) -> Connection:
        return await asyncio.open_connection("127.0.0.1", self.port, local_addr=(self.address, 0), limit=2**20)

    async def get(self, path: str, kind: str) -> bytes:
        began, connection = time.perf_counter(), await self.free.get()
        try:
            connection = connection or await self.connect()
            head, body = await ask(connection, "GET", path)
            self.took.setdefault(kind, []).append(time.perf_counter() - began)
            if b" 200 " not in head:
                self.failed.append(f"{kind}: {head[:15]!r}")
        except (OSError, asyncio.IncompleteReadError) as error:
            connection, body = None, b""
            self.failed.append(f"{kind}: {error!r}")
        self.free.put_nowait(connection)
        return body


async def ask(connection: Connection, method: str, path: str, more: bytes = b"") -> tuple[bytes, bytes]:
    """A request; the answer's head and body."""
    reader, writer = connection
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {COOKIE}\r\n".encode() + (more or b"\r\n"))
    await writer.drain()
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    return head, await reader.readexactly(int(length[1])) if length else b""


async def visit(visitor: Visitor, seconds: float) -> int:
    """One person: the page, its files, then events and questions; how many events came."""
    began = time.perf_counter()
    await visitor.get("/", "page")
    await asyncio.gather(*(visitor.get(f"/{name}", "file") for name in FILES))
    styles = json.loads(await visitor.get("/api/styles", "api") or b"[]")
    await asyncio.gather(*(visitor.get(style["picture"], "picture") for style in styles))
    visitor.took.setdefault("whole page", []).append(time.perf_counter() - began)

    heard = 0

    async def listen() -> None:
        nonlocal heard
        reader, _ = connection = await visitor.connect()
        await ask(connection, "GET", "/api/events")
        while line := await reader.readline():
            heard += line.startswith(b"event:")

    listening = asyncio.create_task(listen())
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        await visitor.get("/api/limits", "api")
        await asyncio.sleep(1)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    return heard


async def hand_in(port: int) -> dict[str, Any]:
    """A job of the browser that all visitors are, followed to its end by asking."""
    file = (ROOT / "samples" / "harbour.mp4").read_bytes()
    part = b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
    form = part % (b"style", b"", b"waves") + part % (b"video", b'; filename="harbour.mp4"', file) + b"--x--\r\n"
    head = b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: %d\r\n\r\n" % len(form)
    connection = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    job = json.loads((await ask(connection, "POST", "/api/jobs", head + form))[1])
    while job["state"] in ("waiting", "running"):
        await asyncio.sleep(0.5)
        job = json.loads((await ask(connection, "GET", f"/api/jobs/{job['id']}"))[1])
    return dict(job)


async def measure(port: int, clients: int, seconds: float) -> None:
    took: dict[str, list[float]] = {}
    failed: list[str] = []
    began = time.perf_counter()
    job = asyncio.create_task(hand_in(port))
    visitors = [Visitor(port, f"127.0.{n // 200 + 1}.{n % 200 + 1}", took, failed) for n in range(clients)]
    heard = await asyncio.gather(*(visit(visitor, seconds) for visitor in visitors))
    print(f"{clients} clients, {time.perf_counter() - began:.1f} s, {len(failed)} failures {sorted(set(failed))[:3]}")
    for kind, times in took.items():
        low, high = np.percentile(times, [50, 95])
        figures = f"p50 {1e3 * low:7.1f} ms  p95 {1e3 * high:7.1f} ms  most {1e3 * max(times):7.1f} ms"
        print(f"{kind:10} {len(times):6} answers  {figures}")
    print(f"events: {sum(heard)}, heard by {sum(count > 0 for count in heard)} of {clients}")
    done = await job
    print(f"the job beside it: {done['state']}, {done['ended'] - done['started']:.1f} s")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("clients", type=int, nargs="?", default=200)
    options.add_argument("seconds", type=float, nargs="?", default=20)
    given = options.parse_args()
    command = [sys.executable, "-m", "vidstyle", "web", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    port = re.search(r":(\d+)/", server.stdout.readline())
    assert port

    def memory() -> int:
        """In MB."""
        return int(Path(f"/proc/{server.pid}/statm").read_text().split()[1]) * resource.getpagesize() // 10**6

    def processor() -> float:
        """Seconds."""
        times = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")

    try:
        before, used = memory(), processor()
        asyncio.run(measure(int(port[1]), given.clients, given.seconds))
        print(f"the server: {before} MB before, {memory()} MB after; {processor() - used:.1f} s of a processor")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
