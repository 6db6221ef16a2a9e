"""An engine that is killed again and again under one host: no frame may be lost, and the host must end well.

Usage: python bench/kills.py [KILLS] [HOST ...]      default: 100 kills under each of ffmpeg, melt, gstreamer and obs

The host (plugins, built; OBS's after `make install-obs`) has frames painted. An engine is started and kills itself
(SIGKILL) at a random moment of one of its first eight paintings, which is a frame on its way; then the next one is
started. Engines are forked from a process that has everything but the server. ffmpeg and GStreamer are given frames one
by one, melt's are taken so, with a pause after those that are not painted; OBS records a still picture.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import torch
from results_file import ROOT, record

from vidstyle import Stylizer
from vidstyle.bridge.brush import Brush
from vidstyle.bridge.place import Place
from vidstyle.bridge.server import FrameServer

sys.path.insert(0, str(ROOT / "tests"))

from plugins.obs_host import Obs

WIDTH, HEIGHT = 64, 48
OBS_SIZE, OBS_FPS = (256, 144), 10
MELTED = 20_000
"""Frames of melt's clip; those that are left when the last engine is dead go through as they are."""
PAINTINGS = 8
PLUGIN = ".config/obs-studio/plugins/vidstyle"


class Doomed(Brush):
    """Does not survive its n-th painting."""

    left = 0
    chance = random.Random()
    took = 0.0

    def paint(self, jobs: Any) -> None:
        self.left -= 1
        if self.left == 0:
            moment = self.chance.uniform(0, self.took)
            threading.Timer(moment, os.kill, (os.getpid(), signal.SIGKILL)).start()
        began = time.monotonic()
        super().paint(jobs)
        self.took = time.monotonic() - began
        while self.left <= 0:  # the frame stays on its way
            time.sleep(1)


class Engine:
    """A process that serves frames at a place, once it is let. Its stylizer is there already."""

    def __init__(self, stylizer: Stylizer, place: Path, number: int) -> None:
        self.said, says = os.pipe()
        waits, self.lets = os.pipe()
        self.process = os.fork()
        if self.process:
            os.close(says)
            os.close(waits)
            os.set_blocking(self.said, False)
            return
        try:
            os.dup2(waits, 0)
            self._serve(stylizer, place, number, says)
        finally:
            os._exit(1)

    def _serve(self, stylizer: Stylizer, place: Path, number: int, says: int) -> None:
        os.write(says, b"\0")
        os.read(0, 1)
        server = FrameServer(stylizer, Place(place).socket)
        brush = Doomed(stylizer)
        brush.chance = random.Random(-number)
        brush.left = last_painting(number)
        brush.took = 0.005
        server._brush = brush
        server.run()

    @property
    def ready(self) -> bool:
        try:
            if not os.read(self.said, 1):
                raise SystemExit("an engine has failed to start")
        except BlockingIOError:
            return False
        return True

    def let(self) -> None:
        os.write(self.lets, b"\0")
        os.close(self.lets)
        os.close(self.said)

    @property
    def dead(self) -> bool:
        found, status = os.waitpid(self.process, os.WNOHANG)
        assert not found or os.WTERMSIG(status) == signal.SIGKILL
        return bool(found)


def last_painting(number: int) -> int:
    """Of the engine of that number. The first one's end is not told by the host, which has told of no painting yet."""
    return random.Random(number).randint(1, PAINTINGS)


class Piped:
    """A host whose frames come out of a pipe, (HEIGHT, WIDTH, 4) each."""

    size = WIDTH, HEIGHT
    pause = 0.02
    """Seconds after a frame that is not painted."""

    def __init__(self, command: list[str], socket: Path, given: bool) -> None:
        pipe = subprocess.PIPE
        plugins = ROOT / "plugins" / "build"
        places = {
            "FREI0R_PATH": str(plugins / "frei0r"),
            "MLT_REPOSITORY_DENY": "libmltqt:libmltqt6",
            "GST_PLUGIN_PATH": str(plugins / "gstreamer"),
            "GST_DEBUG": "vidstyle:3",
            "VIDSTYLE_SOCKET": str(socket),
        }
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115
        self.process = subprocess.Popen(
            command,
            stdin=pipe if given else subprocess.DEVNULL,
            stdout=pipe,
            stderr=self.errors,
            env=os.environ | places,
        )
        self.got = self.painted = self.sent = 0
        self.longest = 0.0

    def frame(self, number: int) -> np.ndarray:
        frame = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
        frame[..., :3] = np.random.default_rng(number).integers(0, 256, (HEIGHT, WIDTH, 3))
        return frame

    def receive(self) -> bool | None:
        """The next frame; is it painted? None at the end."""
        assert self.process.stdout
        data = self.process.stdout.read(4 * WIDTH * HEIGHT)
        if not data:
            return None
        painted = data != self.frame(self.got).tobytes()
        self.got += 1
        self.painted += painted
        return painted

    def step(self) -> None:
        """One frame further."""
        began = time.monotonic()
        painted = self.forward()
        self.longest = max(self.longest, time.monotonic() - began)
        if not painted:
            time.sleep(self.pause)

    def forward(self) -> bool | None:
        painted = self.receive()
        assert painted is not None, "the host has ended"
        return painted

    def end(self) -> dict[str, Any]:
        last = [self.receive()]
        while last[-1] is not None:
            last.append(self.receive())
        self.process.wait()
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace")
        return {
            "frames_in": self.sent,
            "frames_out": self.got,
            "painted": self.painted,
            "last_is_as_it_was": last[-2] is False,
            "host_exit": self.process.returncode,
            "longest_frame_s": round(self.longest, 2),
            "times_told_gone": said.count("the engine has gone"),
        }


class Given(Piped):
    """A frame in, a frame out. lag: frames that the host keeps back."""

    def __init__(self, command: list[str], socket: Path, lag: int) -> None:
        super().__init__(command, socket, given=True)
        self.lag = lag

    def forward(self) -> bool | None:
        assert self.process.stdin
        self.process.stdin.write(self.frame(self.sent).tobytes())
        self.process.stdin.flush()
        self.sent += 1
        return self.sent > self.lag and self.receive()

    def end(self) -> dict[str, Any]:
        assert self.process.stdin
        for _ in range(2 * self.lag + 1):  # of which the last one is seen to be as it was
            self.step()
        self.process.stdin.close()
        return super().end()


def ffmpeg(folder: Path, socket: Path) -> Piped:
    raw = ["-f", "rawvideo", "-pix_fmt", "rgba", "-s", f"{WIDTH}x{HEIGHT}", "-r", "25"]
    command = ["ffmpeg", "-v", "error", "-probesize", "32", *raw, "-i", "-", "-vf", "frei0r=vidstyle:waves", *raw]
    return Given([*command, "-flush_packets", "1", "-"], socket, lag=3)


def gstreamer(folder: Path, socket: Path) -> Piped:
    size = f"width={WIDTH} height={HEIGHT} format=rgba framerate=25/1"
    pipeline = f"fdsrc fd=0 ! rawvideoparse {size} ! vidstyle style=waves ! fdsink fd=1 sync=false"
    return Given(["gst-launch-1.0", "-q", *pipeline.split()], socket, lag=2)


def melt(folder: Path, socket: Path) -> Piped:
    clip = folder / "clip.mkv"
    raw = ["-f", "rawvideo", "-pix_fmt", "rgba", "-s", f"{WIDTH}x{HEIGHT}", "-r", "25", "-i", "-"]
    encode = ["ffmpeg", "-v", "error", *raw, "-c:v", "ffv1", "-pix_fmt", "bgra", str(clip)]
    made = subprocess.Popen(encode, stdin=subprocess.PIPE)
    assert made.stdin
    for number in range(MELTED):
        made.stdin.write(Piped.frame(None, number).tobytes())  # type: ignore[arg-type]
    made.communicate()
    filters = ["-filter", "frei0r.vidstyle", "style=waves"]
    consumer = ["avformat:pipe:1", "f=rawvideo", "vcodec=rawvideo", "pix_fmt=rgba", "an=1", "real_time=-4"]
    host = Piped(["melt", "-silent", str(clip), *filters, "-consumer", *consumer], socket, given=False)
    host.sent, host.pause = MELTED, 0.1
    return host


class Recorded:
    """OBS, which records a picture."""

    size = OBS_SIZE

    def __init__(self, folder: Path, socket: Path) -> None:
        home = folder / "home"
        shutil.copytree(Path.home() / PLUGIN, home / PLUGIN)
        width, height = OBS_SIZE
        y, x = np.mgrid[:height, :width]
        wave = np.stack([np.sin(x / 7) + np.cos(y / 5), np.sin((x + y) / 9), np.cos(x / 11 - y / 6)], -1)
        self.still = (127.5 + 55 * wave).clip(0, 255).astype(np.uint8)  # (H, W, 3)
        cv2.imwrite(str(home / "still.png"), self.still[..., ::-1])
        settings = {"socket": str(socket), "style": "waves", "temporal": "off"}
        painter = {"id": "vidstyle_filter", "name": "painter", "enabled": True, "settings": settings}
        source = {"id": "image_source", "settings": {"file": str(home / "still.png")}, "filters": [painter]}
        self.obs = Obs(home, source, OBS_SIZE, OBS_FPS)
        self.obs.start_recording()

    def step(self) -> None:
        assert self.obs.process.poll() is None, "OBS has ended; " + "\n".join(self.obs.lines[-20:])
        time.sleep(0.05)

    def end(self) -> dict[str, Any]:
        for _ in range(100):  # the last painting stands for two seconds
            self.step()
        stats = self.obs("GetStats")
        seconds = self.obs.recorded()
        recording = self.obs.stop_recording()
        self.obs.__exit__(None, None, None)
        shown = []
        with av.open(str(recording)) as container:
            for frame in container.decode(video=0):
                off = np.abs(frame.to_ndarray(format="rgb24").astype(np.int16) - self.still).mean()
                shown.append(bool(off > 6))  # x264 and its 4:2:0 take less
        said = "\n".join(self.obs.lines)
        return {
            "recorded_s": round(seconds, 1),
            "frames_a_second": OBS_FPS,
            "frames_out": len(shown),
            "painted": sum(shown),
            "last_is_as_it_was": not shown[-1],
            "skipped_by_rendering": stats["renderSkippedFrames"],
            "skipped_by_encoding": stats["outputSkippedFrames"],
            "host_exit": self.obs.process.returncode,
            "times_told_gone": said.count("the engine has gone"),
        }


HOSTS: dict[str, Any] = {"ffmpeg": ffmpeg, "melt": melt, "gstreamer": gstreamer, "obs": Recorded}


def measure(stylizer: Stylizer, name: str, kills: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as given:
        folder, socket = Path(given), Path(given) / "engine" / "engine.sock"
        host = HOSTS[name](folder, socket)
        began = time.monotonic()
        engine = Engine(stylizer, socket, 0)
        for number in range(1, kills + 1):
            while not engine.ready:
                host.step()
            engine.let()
            following = Engine(stylizer, socket, number) if number < kills else None
            while not engine.dead:
                host.step()
            if following:
                engine = following
        first = sum(last_painting(number) == 1 for number in range(kills))
        took = round(time.monotonic() - began)
        return {"kills": kills, "in_the_first_painting": first, "size": host.size, "seconds": took, **host.end()}


def main(kills: int, hosts: list[str]) -> None:
    # With one thread PyTorch starts no other, which a forked process would lack.
    torch.set_num_threads(1)
    stylizer = Stylizer("brisk", runtime="pytorch")
    stylizer(torch.zeros(1, 3, HEIGHT, WIDTH), stylizer.encode_style("waves"))
    file = ROOT / "bench" / "results" / "kills_cpu.json"
    for name in hosts:
        found = measure(stylizer, name, kills)
        figures = json.loads(file.read_text()).get("hosts", {}) if file.exists() else {}
        figures[name] = found | {"load_average": [round(load, 1) for load in os.getloadavg()]}
        record("kills", {"hosts": figures})


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 100, sys.argv[2:] or list(HOSTS))
