"""What the filter in OBS costs the graphics thread: `python bench/obs.py`, after `make install-obs`.

An engine that gives every frame back at once stands in for the real one, which is another process. The figures are the
plugin's own, from its log: mean and least of 100 frames. OBS runs under Xvfb, where the processor draws (llvmpipe):
"draw" has all of that and is not what a graphics card takes.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from results_file import record

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from plugins.obs_host import Obs

from plugins import obs_host, scripted

SIZES = ((1280, 720), (1920, 1080))
FPS = 15
PLUGIN = ".config/obs-studio/plugins/vidstyle"


def give_back(peer: scripted.Peer) -> None:
    peer.welcome()
    while True:
        slot, _, number = peer.frame()
        peer.done(slot, number)


def parts(line: str, *names: str) -> dict[str, tuple[float, float]]:
    """Mean and least milliseconds."""
    found = re.findall(r"(\w+) ([\d.]+) \(([\d.]+)\)", line)
    return {name: (float(mean), float(least)) for name, mean, least in found if name in names}


def measure(width: int, height: int) -> dict[str, Any]:
    """Milliseconds of a frame, of the parts of both kinds of the filter."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        shutil.copytree(Path.home() / PLUGIN, home / PLUGIN)
        noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
        cv2.imwrite(str(home / "still.png"), noise)
        source = {"id": "image_source", "settings": {"file": str(home / "still.png")}}
        with scripted.Engine(home / "engine.sock", give_back), Obs(home, source, (width, height), FPS) as obs:
            settings = {"socket": str(home / "engine.sock"), "style": "waves"}
            filters = {"sourceName": "source", "filterName": "painter"}
            obs("CreateSourceFilter", **filters, filterKind="vidstyle_filter", filterSettings=settings)
            obs.wait_for_line("painted by")
            line = obs.wait_for_line("as drawn")
            obs("RemoveSourceFilter", **filters)

            media = {"local_file": str(clip(home / "clip.mkv", width, height)), "looping": True, "hw_decode": False}
            obs("CreateInput", sceneName="Scene", inputName="media", inputKind="ffmpeg_source", inputSettings=media)
            filters["sourceName"] = "media"
            obs("CreateSourceFilter", **filters, filterKind="vidstyle_frame_filter", filterSettings=settings)
            frames = parts(obs.wait_for_line("[vidstyle] frames"), "fetch", "submit")
        return parts(line, "fetch", "submit", "draw", "show") | {"frames, I420": frames}


def clip(path: Path, width: int, height: int) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for shade in range(2 * FPS):
            pixels = np.full((height, width, 3), 8 * shade, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode(None))
    return path


def main() -> None:
    obs_host.PATIENCE = 300.0
    figures = {}
    for width, height in SIZES:
        figures[f"{width}x{height}"] = measure(width, height)
        print(figures, flush=True)
    record("obs", {"milliseconds": figures, "load": [round(load, 1) for load in os.getloadavg()]})


if __name__ == "__main__":
    main()
