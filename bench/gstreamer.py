"""What the GStreamer element adds to a frame, besides the net: milliseconds at 720p and 1080p.

    make -C plugins/gstreamer && python bench/gstreamer.py [--frames 300]

An engine that answers at once and paints nothing stands in for the real one. A frame's time is taken from the element's
sink pad to its source pad, under the system's Python, which has GStreamer's bindings; those of frames that pass through
without a style are taken off. Two copies of the same bytes, in memory that is in no cache, are printed beside it. Where
other work shares the cores, the best tenth tells more than the median.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

SIZES = {"720p": (1280, 720), "1080p": (1920, 1080)}


def serve(path: Path, ready: multiprocessing.synchronize.Event) -> None:
    """Answer every frame as painted."""
    from plugins.scripted import Engine, Peer

    def script(peer: Peer) -> None:
        peer.welcome()
        while True:
            slot, _, number = peer.frame()
            peer.done(slot, number)

    with Engine(path, script):
        ready.set()
        time.sleep(3600)


PROBES = """
import sys, time
import gi
gi.require_version("Gst", "1.0")
from gi.repository import Gst
Gst.init(None)
pipeline = Gst.parse_launch(sys.argv[1])
element = pipeline.get_by_name("v")
begun, times = [], []
def entering(pad, info):
    begun.append(time.perf_counter())
    return Gst.PadProbeReturn.OK
def leaving(pad, info):
    times.append(time.perf_counter() - begun[-1])
    return Gst.PadProbeReturn.OK
element.get_static_pad("sink").add_probe(Gst.PadProbeType.BUFFER, entering)
element.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, leaving)
pipeline.set_state(Gst.State.PLAYING)
pipeline.get_bus().timed_pop_filtered(Gst.CLOCK_TIME_NONE, Gst.MessageType.EOS | Gst.MessageType.ERROR)
pipeline.set_state(Gst.State.NULL)
print(*times[len(times) // 10:])
"""


def milliseconds(pipeline: str, environment: dict[str, str]) -> np.ndarray:
    """Per frame, without the first tenth."""
    command = ["/usr/bin/python3", "-c", PROBES, pipeline]
    told = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    return 1000 * np.array(told.split(), float)


def two_copies(size: int, frames: int) -> np.ndarray:
    """Milliseconds to copy so many bytes there and back."""
    memory = np.ones((16, size), np.uint8)
    times = []
    for n in range(frames):
        here, there, back = memory[3 * n % 16], memory[(3 * n + 1) % 16], memory[(3 * n + 2) % 16]
        begun = time.perf_counter()
        there[:] = here
        back[:] = there
        times.append(time.perf_counter() - begun)
    return 1000 * np.array(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=300)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ready = multiprocessing.Event()
        engine = multiprocessing.Process(target=serve, args=(Path(folder) / "s", ready), daemon=True)
        engine.start()
        ready.wait()
        environment = os.environ | {
            "GST_PLUGIN_PATH": str(ROOT / "plugins" / "build" / "gstreamer"),
            "VIDSTYLE_SOCKET": f"{folder}/s",
        }
        for format, bytes_per_pixel in (("RGBA", 4.0), ("I420", 1.5)):
            for name, (width, height) in SIZES.items():
                caps = f"video/x-raw,format={format},width={width},height={height}"
                source = f"videotestsrc pattern=black num-buffers={given.frames} ! {caps}"
                passing, painted = (
                    milliseconds(f"{source} ! vidstyle name=v style={style} ! fakesink", environment)
                    for style in ('""', "waves")
                )
                copies = two_copies(int(width * height * bytes_per_pixel), given.frames)
                tenth, median = (np.percentile(painted, p) - np.percentile(passing, p) for p in (10, 50))
                print(
                    f"{format} {name}: {median:.2f} ms added in the median, {tenth:.2f} in the best tenth; "
                    f"two copies {np.median(copies):.2f} and {np.percentile(copies, 10):.2f}",
                    flush=True,
                )
        engine.terminate()


if __name__ == "__main__":
    main()
