"""Many people with the page open at once: how long they wait, and what the server takes.

Usage: python bench/web_clients.py [CLIENTS] [SECONDS]

Starts `vidstyle web`. Every client has an address of its own (127.0.x.y), loads the page with all its files and style
pictures, listens to events, and asks for the state of things every second; one hands in samples/harbour.mp4 meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx
import numpy as np

ROOT = Path(__file__).parents[1]
FILES = [path.name for path in sorted((ROOT / "vidstyle" / "web" / "static").iterdir())]


class Times:
    """Seconds that answers took, by what was asked."""

    def __init__(self) -> None:
        self.of: dict[str, list[float]] = {}
        self.failed: list[str] = []

    async def get(self, client: httpx.AsyncClient, path: str, kind: str) -> httpx.Response | None:
        began = time.perf_counter()
        try:
            answer = await client.get(path)
        except httpx.HTTPError as error:
            self.failed.append(f"{kind}: {type(error).__name__}")
            return None
        self.of.setdefault(kind, []).append(time.perf_counter() - began)
        if answer.status_code != 200:
            self.failed.append(f"{kind}: {answer.status_code}")
        return answer


async def visit(server: str, number: int, seconds: float, times: Times, heard: list[int]) -> None:
    """One person: the page, its files, then events and questions."""
    address = f"127.0.{number // 200 + 1}.{number % 200 + 1}"
    limits = httpx.Limits(max_connections=6)  # as browsers have
    transport = httpx.AsyncHTTPTransport(local_address=address, limits=limits)
    async with httpx.AsyncClient(base_url=server, transport=transport, timeout=30) as client:
        began = time.perf_counter()
        await times.get(client, "/", "page")
        await asyncio.gather(*(times.get(client, f"/{name}", "file") for name in FILES))
        styles = await times.get(client, "/api/styles", "api")
        if styles is not None:
            await asyncio.gather(*(times.get(client, style["picture"], "picture") for style in styles.json()))
        times.of.setdefault("whole page", []).append(time.perf_counter() - began)

        async def listen() -> None:
            async with client.stream("GET", "/api/events", timeout=None) as events:
                async for line in events.aiter_lines():
                    heard[number] += line.startswith("event:")

        listening = asyncio.create_task(listen())
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            await times.get(client, "/api/limits", "api")
            await asyncio.sleep(1)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def hand_in(server: str) -> dict[str, object]:
    """A job, followed to its end by asking."""
    async with httpx.AsyncClient(base_url=server, timeout=60) as client:
        with (ROOT / "samples" / "harbour.mp4").open("rb") as file:
            answer = await client.post("/api/jobs", data={"style": "waves"}, files={"video": ("harbour.mp4", file)})
        job = answer.json()
        while job["state"] in ("waiting", "running"):
            await asyncio.sleep(0.5)
            job = (await client.get(f"/api/jobs/{job['id']}")).json()
        return dict(job)


async def measure(server: str, clients: int, seconds: float) -> None:
    times, heard = Times(), [0] * clients
    began = time.perf_counter()
    job = asyncio.create_task(hand_in(server))
    await asyncio.gather(*(visit(server, number, seconds, times, heard) for number in range(clients)))
    print(f"{clients} clients, {time.perf_counter() - began:.1f} s, {len(times.failed)} failures {times.failed[:3]}")
    for kind, took in times.of.items():
        low, high = np.percentile(took, [50, 95])
        figures = f"p50 {1e3 * low:7.1f} ms  p95 {1e3 * high:7.1f} ms  most {1e3 * max(took):7.1f} ms"
        print(f"{kind:10} {len(took):6} answers  {figures}")
    print(f"events were heard by {sum(count > 0 for count in heard)} of {clients}")
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
    address = re.search(r"http://\S+?(?=/)", server.stdout.readline())
    assert address

    def memory() -> int:
        status = Path(f"/proc/{server.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) // 1000  # type: ignore[index]

    try:
        before = memory()
        asyncio.run(measure(address[0], given.clients, given.seconds))
        print(f"the server's memory: {before} MB before, {memory()} MB after")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
