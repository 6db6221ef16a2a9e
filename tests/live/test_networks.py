"""Servers that are killed and come back: RTMP, RTSP, MJPEG, HLS."""

import functools
import http.server
import importlib.util
import itertools
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from ports import free_port
from waiting import until

from vidstyle.live.feed import Feed
from vidstyle.live.mjpeg import MjpegSink
from vidstyle.live.session import Session
from vidstyle.live.sources import parse_source
from vidstyle.live.test_source import TestSource
from vidstyle.media import open_live, source_address

NGINX_RTMP = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")
RTSP = """
import gi, sys
gi.require_version("Gst", "1.0"); gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer
Gst.init(None)
server, factory = GstRtspServer.RTSPServer(), GstRtspServer.RTSPMediaFactory()
server.set_address("127.0.0.1"); server.set_service(sys.argv[1])
factory.set_launch("( videotestsrc is-live=true pattern=ball ! video/x-raw,width=160,height=96,framerate=25/1 "
    "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 ! rtph264pay name=pay0 pt=96 )")
factory.set_shared(True); server.get_mount_points().add_factory("/cam", factory); server.attach(None)
print("ready", flush=True); GLib.MainLoop().run()
"""
SYSTEM_PYTHON = "/usr/bin/python3"

Sessions = Callable[..., Session]


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Server:
    """A program that can be killed and started again."""

    def __init__(self, command: list[str], port: int) -> None:
        self.command, self.port = command, port
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: listening(self.port))

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def rtmp(tmp_path: Path) -> Iterator[Server]:
    if not shutil.which("nginx") or not NGINX_RTMP.exists():
        pytest.skip("needs nginx-light and libnginx-mod-rtmp")
    port = free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    (tmp_path / "nginx.conf").write_text(
        f"load_module {NGINX_RTMP}; {user} pid {tmp_path}/pid; error_log {tmp_path}/log;"
        "daemon off; master_process off; events { worker_connections 64; }"
        f"rtmp {{ server {{ listen 127.0.0.1:{port}; application live {{ live on; }} }} }}"
    )
    server = Server(["nginx", "-e", f"{tmp_path}/log", "-c", f"{tmp_path}/nginx.conf"], port)
    yield server
    server.process.kill()
    server.process.wait()


@pytest.mark.hosts
def test_rtmp_through_a_server_that_is_killed(rtmp: Server, session: Sessions, tmp_path: Path) -> None:
    address = f"rtmp://127.0.0.1:{rtmp.port}/live/x"
    sender = session("test:160x96@25", address, str(tmp_path / "sent.mkv"))
    until(lambda: sender.outlets[0].shown > 25)
    receiver = session(address, str(tmp_path / "received.mkv"))
    until(lambda: receiver.feed.came > 25)
    rtmp.kill()
    until(lambda: receiver.repeats >= 2)  # the last picture goes on
    recorded = sender.outlets[1].shown
    until(lambda: not sender.outlets[0].up)
    until(lambda: sender.outlets[1].shown > recorded + 25)  # the other sink does not notice
    assert not receiver.ended.is_set()
    rtmp.start()
    shown, came = sender.outlets[0].shown, receiver.feed.came
    until(lambda: sender.outlets[0].shown > shown + 25)
    until(lambda: receiver.feed.came > came + 25, 60)
    assert receiver.feed.reconnects >= 1
    receiver.stop()
    with av.open(str(tmp_path / "received.mkv")) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert all(b - a > 0.005 for a, b in itertools.pairwise(times))
    assert len(times) == receiver.outlets[0].shown


@pytest.mark.hosts
def test_a_server_that_hangs_stalls_nobody_else(rtmp: Server, session: Sessions, tmp_path: Path) -> None:
    sender = session("test:160x96@25", f"rtmp://127.0.0.1:{rtmp.port}/live/x", str(tmp_path / "a.mkv"))
    until(lambda: sender.outlets[0].shown > 10)
    rtmp.process.send_signal(signal.SIGSTOP)
    recorded = sender.outlets[1].shown
    until(lambda: sender.outlets[1].shown > recorded + 50)
    assert sender.outlets[1].dropped == 0
    rtmp.process.send_signal(signal.SIGCONT)
    shown = sender.outlets[0].shown
    until(lambda: sender.outlets[0].shown > shown + 10)


@pytest.mark.hosts
def test_rtsp_from_a_server_that_is_killed(session: Sessions, tmp_path: Path) -> None:
    check = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    if not Path(SYSTEM_PYTHON).exists() or subprocess.run([SYSTEM_PYTHON, "-c", check], capture_output=True).returncode:
        pytest.skip("needs gir1.2-gst-rtsp-server-1.0")
    port = free_port()
    server = Server([SYSTEM_PYTHON, "-c", RTSP, str(port)], port)
    receiver = session(f"rtsp://127.0.0.1:{port}/cam", str(tmp_path / "a.mkv"))
    until(lambda: receiver.feed.came > 25)
    server.kill()
    until(lambda: receiver.repeats >= 2)
    server.start()
    came = receiver.feed.came
    until(lambda: receiver.feed.came > came + 25, 60)
    assert receiver.feed.reconnects >= 1
    assert receiver.shape.size == (160, 96)
    server.kill()


def test_mjpeg_from_a_server_that_is_closed(session: Sessions, tmp_path: Path) -> None:
    """One session serves, another fetches; the first is stopped, and a new one takes its place."""
    place = f"mjpeg:{free_port()}"
    first = session("test:160x96@25", place)
    until(lambda: first.outlets[0].up)
    receiver = session(f"http://127.0.0.1:{place[6:]}/", str(tmp_path / "a.mkv"))
    until(lambda: receiver.feed.came > 10)
    assert receiver.last is not None
    seen = receiver.last.astype(int)
    near = [np.abs(TestSource("test:160x96").picture(t / 25).astype(int) - seen).mean() for t in range(1000)]
    assert min(near) < 6
    first.stop()
    until(lambda: receiver.repeats >= 1)
    second = session("test:160x96@25", place)
    until(lambda: second.outlets[0].up)
    came = receiver.feed.came
    until(lambda: receiver.feed.came > came + 10)
    assert receiver.feed.reconnects >= 1


def test_pictures_without_times_come_when_they_come() -> None:
    """FFmpeg would have it that all MJPEG comes 25 times a second."""
    sink, stop = MjpegSink("127.0.0.1", 0, None), threading.Event()

    def serve() -> None:
        while not stop.wait(0.2):
            sink.show(np.zeros((48, 64, 3), np.uint8), 0.0)

    threading.Thread(target=serve, daemon=True).start()
    _, opening, _ = parse_source(sink.address)
    feed = Feed(opening, lambda samples, seconds: None, again=False, note=print)
    feed.start()
    until(lambda: feed.came > 5)
    first = feed.newest(5)
    until(lambda: feed.came > 15)
    last = feed.newest(5)
    stop.set()
    feed.stop()
    sink.close()
    assert first is not None
    assert last is not None
    assert last.seconds - first.seconds == pytest.approx(last.arrived - first.arrived, abs=0.05)


def test_pictures_may_begin_after_the_sound(tmp_path: Path) -> None:
    """FLV as a server sends it to who joins while no pictures come: only with the first of them it tells of any."""
    with av.open(str(tmp_path / "whole.flv"), "w", options={"flvflags": "no_duration_filesize"}) as out:
        video, audio = out.add_stream("libx264", rate=10), out.add_stream("aac", rate=48_000, layout="stereo")
        video.width, video.height, video.codec_context.time_base = 64, 64, Fraction(1, 1000)
        packets = []
        for number in range(100):
            sound = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
            sound.sample_rate, sound.pts = 48_000, 1024 * number
            packets += audio.encode(sound)
        for number in range(20):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 9 * number, np.uint8), "rgb24")
            frame.pts, frame.time_base = 1800 + 10 * number, Fraction(1, 1000)
            packets += video.encode(frame)
        for packet in sorted([*packets, *video.encode(None)], key=lambda packet: packet.dts * packet.time_base):
            out.mux(packet)
    data = (tmp_path / "whole.flv").read_bytes()
    tags, at = [], 13
    while at < len(data):
        length = 11 + int.from_bytes(data[at + 1 : at + 4], "big") + 4
        tags.append(data[at : at + length])
        at += length
    pictures = [tag for tag in tags if tag[0] == 9]
    announced = pictures[0][:4] + pictures[1][4:8] + pictures[0][8:]
    later = [tag for tag in tags if tag[0] == 8 or tag in pictures[1:]]
    later.insert(later.index(pictures[1]), announced)
    (tmp_path / "joined.flv").write_bytes(data[:13] + b"".join(later))
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        source = open_live(source_address(f"http://127.0.0.1:{server.server_address[1]}/joined.flv"))
        source.close()
        server.shutdown()
    assert (source.size, source.has_sound) == ((64, 64), True)


def test_hls_over_http(session: Sessions, tmp_path: Path) -> None:
    sender = session("test:160x96@25", str(tmp_path / "live.m3u8"))
    until(lambda: len(list(tmp_path.glob("*.ts"))) >= 2)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        receiver = session(f"http://127.0.0.1:{server.server_address[1]}/live.m3u8", str(tmp_path / "a.mkv"))
        until(lambda: receiver.feed.came > 40)
        assert receiver.shape.sound
        # Pieces are fetched as a whole; pictures come at their own pace all the same.
        assert receiver.feed.came < 25 * receiver.feed.now() + 30
        receiver.stop()
        server.shutdown()
    assert sender.outlets[0].failed is None


@pytest.mark.hosts
def test_a_window_shows_what_is_painted(session: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    if importlib.util.find_spec("pygame") is None:
        pytest.skip("needs pygame-ce")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    shown = session("test:160x96@25", "window")
    until(lambda: shown.outlets[0].shown > 10)
    assert shown.outlets[0].failed is None


@pytest.mark.hosts
def test_the_screen_is_a_source(session: Sessions, tmp_path: Path) -> None:
    if not shutil.which("Xvfb"):
        pytest.skip("needs Xvfb")
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "320x240x24"]
    display = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert display.stdout is not None
    number = int(display.stdout.readline())
    shown = session(f"screen:{number}", str(tmp_path / "a.mkv"))
    until(lambda: shown.outlets[0].shown > 5)
    assert shown.shape.size == (320, 240)
    shown.stop()
    display.terminate()
    display.wait()


def test_no_server_is_left_over() -> None:
    """What is given up closes its place."""
    sink = MjpegSink("127.0.0.1", 0, None)
    port = int(sink.address.rpartition(":")[2])
    assert listening(port)
    sink.close()
    assert not listening(port)
