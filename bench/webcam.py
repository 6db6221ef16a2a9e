"""The webcam in the page: `python bench/webcam.py`, with Chromium and `pip install playwright`.

Chromium's camera plays a clip whose frames carry their number in black and white blocks (tests/web/fake_camera.py).
The page reads the number in what the camera gives and in what comes back painted; the blocks stay readable in a
painting. Latency is from one to the other, each when the browser hands the frame to its compositor. The browser and the
server share this machine's processor, which draws the page as well.

Then peers without a browser connect and leave, and the server's memory and threads are counted.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from results_file import ROOT, record

sys.path.insert(0, str(ROOT / "tests" / "web"))

from caller import Caller
from chromium import Server, live
from fake_camera import NUMBER_IN, write

SECONDS, SETTLE = 30, 15
CONNECTS = 50
KINDS = {
    "strength 0": {"strength": 0, "level": "off"},
    "painted, steadiness off": {"strength": 100, "level": "off"},
    "painted, steady": {"strength": 100, "level": "fast"},
}

# Watches both pictures: [number, milliseconds] for every frame, null where the number could not be read.
WATCH = f"""() => {{
  const number = {NUMBER_IN};
  window.seen = {{ camera: [], painted: [] }};
  for (const name of ["camera", "painted"]) {{
    const video = document.getElementById(name), canvas = new OffscreenCanvas(640, 64);
    const context = canvas.getContext("2d", {{ willReadFrequently: true }});
    const look = (now, {{ presentationTime }}) => {{
      context.drawImage(video, 0, 0, 640, 64, 0, 0, 640, 64);
      seen[name].push([number(context), presentationTime]);
      video.requestVideoFrameCallback(look);
    }};
    video.requestVideoFrameCallback(look);
  }}
}}"""


def figures(seen: dict[str, list[list[float]]]) -> dict[str, Any]:
    """Latencies between the first time that each number was seen in both pictures."""
    waits, last = [], {}
    for number, when in seen["camera"]:
        last.setdefault(number, []).append(when)
    shown, before = 0, None
    for number, when in seen["painted"]:
        if number is None or number == before:
            continue
        before, shown = number, shown + 1
        if earlier := [at for at in last.get(number, []) if 0 <= when - at < 4000]:
            waits.append(when - min(earlier))
    p50, p95 = np.percentile(waits, (50, 95)) if waits else (float("nan"),) * 2
    return {
        "frames_read": len(waits),
        "unreadable": sum(number is None for number, _ in seen["painted"]),
        "camera_fps": round(len(seen["camera"]) / SECONDS, 1),
        "painted_fps": round(shown / SECONDS, 1),
        "latency_ms": {"p50": round(float(p50), 1), "p95": round(float(p95), 1)},
    }


def in_the_page(folder: Path) -> dict[str, Any]:
    server, camera = Server(folder), write(folder / "camera.y4m", 250)
    server.start()
    found = {}
    try:
        for name, kind in KINDS.items():
            with live(server, camera, viewport={"width": 1280, "height": 1000}) as page:
                page.check("#show-camera")
                page.locator("#webcam-styles label", has_text="waves").click()
                page.locator("#webcam-strength").fill(str(kind["strength"]))
                page.locator(f"input[name=level][value={kind['level']}]").check(force=True)
                page.wait_for_timeout(1000 * SETTLE)
                page.evaluate(WATCH)
                page.wait_for_timeout(1000 * SECONDS)
                found[name] = figures(page.evaluate("seen"))
                found[name]["server"] = page.evaluate("figures")
                found[name]["load"] = round(os.getloadavg()[0], 1)
            print(name, found[name], flush=True)
    finally:
        server.end()
    return found


def held(process: int) -> dict[str, int]:
    status = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    files = len(os.listdir(f"/proc/{process}/fd"))
    return {"megabytes": int(status["VmRSS"].split()[0]) // 1024, "threads": int(status["Threads"]), "files": files}


async def connect(address: str) -> None:
    async with httpx.AsyncClient(base_url=address, timeout=60) as client:
        caller = Caller(client)
        answer = await caller.call(styles=[{"style": "waves"}])
        answer.raise_for_status()
        await caller.until(lambda: any(each.get("stats", {}).get("painted", 0) for each in caller.told), 60)
        await caller.close()
        while (await client.get("/api/webcam")).json()["sessions"]:
            await asyncio.sleep(0.1)


def connects(folder: Path) -> dict[str, Any]:
    server = Server(folder)
    server.start()
    found = {}
    try:
        for count in range(1, CONNECTS + 1):
            asyncio.run(connect(f"http://localhost:{server.port}"))
            if count in (1, 5) or count % 10 == 0:
                time.sleep(1)
                found[str(count)] = held(server.process.pid)
                print(count, found[str(count)], flush=True)
    finally:
        server.end()
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        after = connects(Path(name))
        page = in_the_page(Path(name))
    figures = {"size": "640x360", "camera_fps": 30, "niceness": os.nice(0), "page": page, "after_connects": after}
    record("webcam", figures)


if __name__ == "__main__":
    main()
