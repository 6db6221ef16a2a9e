"""Publishing by WHIP: to aiortc, and to Janus, which is killed and comes back."""

from __future__ import annotations

import asyncio
import http.server
import itertools
import json
import shutil
import subprocess
import threading
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from ports import free_port
from waiting import until

pytest.importorskip("aiortc")
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RtcpSrPacket

from vidstyle import OutputError
from vidstyle.live.session import Session
from vidstyle.live.test_source import TestSource
from vidstyle.media import EncodedSink, target

SIZE, RATE, TOKEN = (160, 96), Fraction(25), "open sesame"
SOURCE = TestSource("test:160x96@25")


class Endpoint:
    """WHIP's part that is HTTP, at `/live`, moved from `/old`. take: gives the answer to an offer."""

    def __init__(self, take: Callable[[str], str], port: int = 0) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Visit(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked.append(f"{self.command} {self.path}")
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                if self.path == "/old":
                    return self.say(307, Location="/live")
                if self.path not in ("/live", "/session"):
                    return self.say(404)
                if self.headers["Authorization"] != f"Bearer {TOKEN}":
                    return self.say(401)
                if self.command == "DELETE":
                    return self.say(200)
                assert self.headers["Content-Type"] == "application/sdp"
                try:
                    self.say(201, take(body), Location="/session")
                except OSError:  # nobody is there
                    self.say(503)

            do_DELETE = do_POST

            def say(self, status: int, text: str = "", **headers: str) -> None:
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(text))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Visit)
        self.url = f"http://open%20sesame@127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.1,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Peer:
    """aiortc on a thread. pictures: (pts, RGB); sound: (pts, samples); reports: (NTP seconds, RTP time) by kind; first:
    RTP time of pts 0 by kind; keys: RTP times of key frames."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.pictures: list[tuple[int, np.ndarray]] = []
        self.sound: list[tuple[int, np.ndarray]] = []
        self.reports: dict[str, list[tuple[float, int]]] = {"video": [], "audio": []}
        self.first: dict[str, int] = {}
        self.keys: list[int] = []

    def take(self, offer: str) -> str:
        return self.run(self._answer(offer))

    def run(self, work: Awaitable[Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)  # type: ignore[arg-type]

    async def _answer(self, offer: str) -> str:
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.peer.on("track", lambda track: asyncio.ensure_future(self._watch(track)))
        await self.peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        for receiver in self.peer.getReceivers():
            self._note_times(receiver)
        await self.peer.setLocalDescription(await self.peer.createAnswer())
        return self.peer.localDescription.sdp

    def _note_times(self, receiver: Any) -> None:
        report, packet, kind = receiver._handle_rtcp_packet, receiver._handle_rtp_packet, receiver.track.kind

        async def reported(told: Any) -> None:
            if isinstance(told, RtcpSrPacket):
                self.reports[kind].append((told.sender_info.ntp_timestamp / (1 << 32), told.sender_info.rtp_timestamp))
            await report(told)

        async def came(told: Any, **times: int) -> None:
            self.first.setdefault(kind, told.timestamp)
            if kind == "video" and told.payload[0] & 31 == 24 and told.payload[3] & 31 == 7:  # STAP-A, with an SPS
                self.keys.append(told.timestamp)
            await packet(told, **times)

        receiver._handle_rtcp_packet, receiver._handle_rtp_packet = reported, came

    def when(self, kind: str, pts: int) -> float:
        """Seconds of the sender's clock."""
        (begin, first), rate = self.reports[kind][0], {"video": 90_000, "audio": 48_000}[kind]
        return begin + ((self.first[kind] + pts - first + (1 << 31)) % (1 << 32) - (1 << 31)) / rate

    def ask_for_a_key(self) -> None:
        receiver: Any = next(each for each in self.peer.getReceivers() if each.track.kind == "video")
        (ssrc,) = {source.source for source in receiver.getSynchronizationSources()}
        self.run(receiver._send_rtcp_pli(ssrc))

    async def _watch(self, track: Any) -> None:
        with suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                if track.kind == "video":
                    self.pictures.append((frame.pts, frame.to_ndarray(format="rgb24")))
                else:
                    self.sound.append((frame.pts, frame.to_ndarray().reshape(-1, 2)[:, 0]))

    def close(self) -> None:
        self.run(self.peer.close())
        self.loop.call_soon_threadsafe(self.loop.stop)


def differs(picture: np.ndarray) -> float:
    """By how much a picture differs from the nearest one of the source's."""
    return min(float(np.abs(SOURCE.picture(number / 25).astype(int) - picture).mean()) for number in range(1000))


def show(sink: EncodedSink, seconds: int, until: Callable[[int], bool] = lambda number: False) -> None:
    """Send the test picture and its sound in its own time; every fifth picture is late, as paintings may be."""
    clock, samples = threading.Event(), 48_000 // 25
    for number in range(25 * seconds):
        if until(number):
            return
        sink.hear(SOURCE.sound(number * samples, samples), number / 25)
        clock.wait(0.12 if number % 5 == 0 else 0.02)
        sink.show(SOURCE.picture(number / 25), number / 25)


def test_picture_and_sound_arrive_in_step() -> None:
    peer = Peer()
    endpoint = Endpoint(peer.take)
    sink = EncodedSink(target(endpoint.url + "/old"), SIZE, RATE, True)
    asked = False

    def enough(number: int) -> bool:
        nonlocal asked
        if len(peer.keys) == 2 and not asked:
            asked = True
            peer.ask_for_a_key()
        return min(map(len, peer.reports.values())) >= 3 and len(peer.keys) > 3

    show(sink, 60, enough)
    assert sink.connected
    sink.close()
    assert endpoint.asked == ["POST /old", "POST /live", "DELETE /session"]
    endpoint.close()
    assert max(differs(picture) for _, picture in peer.pictures[::20]) < 6
    # Whatever came late, reports say of every stream that its clock goes evenly, and sound begins when flashes do.
    for kind, rate in ("video", 90_000), ("audio", 48_000):
        begin, first = peer.reports[kind][0]
        off = [(ntp - begin) - ((rtp - first) & 0xFFFFFFFF) / rate for ntp, rtp in peer.reports[kind]]
        assert np.abs(off).max() < 0.002
    bright = [(pts, int(picture[36:60, 70:90].min())) for pts, picture in peer.pictures]
    flashes = [peer.when("video", at) for (_, before), (at, now) in itertools.pairwise(bright) if now > before + 60]
    loud = [
        peer.when("audio", pts + at) for pts, samples in peer.sound for at in np.flatnonzero(np.abs(samples) > 2000)
    ]
    beeps = [now for before, now in itertools.pairwise(loud) if now > before + 0.5]
    apart = [min(abs(beep - flash) for flash in flashes) for beep in beeps]
    assert len(apart) >= 2
    assert max(apart) < 0.01
    # Every two seconds, and when one is asked for.
    between = [((now - before) & 0xFFFFFFFF) / 90_000 for before, now in itertools.pairwise(peer.keys)]
    assert between[0] == pytest.approx(2, abs=0.1)
    assert between[1] < 1
    peer.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://wrong@127.0.0.1:{port}/live", "the server answered 401 Unauthorized; the token is missing or wrong"),
        ("http://127.0.0.1:{port}/nowhere?key=wrong", "the server answered 404 Not Found"),
        ("http://open%20sesame@127.0.0.1:{port}/live", "the server's answer cannot be used"),
        ("http://wrong@127.0.0.1:{free}/live", "Connection refused"),
    ],
)
def test_a_refusal_is_a_line(url: str, said: str) -> None:
    endpoint = Endpoint(lambda offer: "no answer")
    url = url.format(port=endpoint.server.server_address[1], free=free_port())
    sink = EncodedSink(target(url), SIZE, RATE, False)
    with pytest.raises(OutputError) as caught:
        show(sink, 60)
    sink.abort()
    endpoint.close()
    assert f" cannot be opened: {said}" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not any(secret in str(caught.value) for secret in ("wrong@", "sesame", "key"))


class Janus:
    """Janus, in a process of its own; its video rooms record what they are sent, as it came."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}/janus"
        settings = {
            "janus": f'general: {{ configs_folder = "{folder}" }} transports: {{ disable = "libjanus_websockets.so,'
            'libjanus_pfunix.so,libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_rabbitmq.so" }',
            "transport.http": f'general: {{ http = true port = {self.port} ip = "127.0.0.1" https = false }}',
            "plugin.videoroom": f'room-1: {{ videocodec = "h264" record = true rec_dir = "{folder}/kept" }}',
        }
        for name, text in settings.items():
            (folder / f"janus.{name}.jcfg".replace("janus.janus", "janus")).write_text(text)
        self.start()

    def start(self) -> None:
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(["janus", "-F", self.folder], stdout=log, stderr=log)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def take(self, offer: str) -> str:
        session = f"{self.url}/{self.ask(self.url, janus='create')['data']['id']}"
        plugin = self.ask(session, janus="attach", plugin="janus.plugin.videoroom")["data"]["id"]
        join = {"request": "joinandconfigure", "room": 1, "ptype": "publisher"}
        self.ask(f"{session}/{plugin}", janus="message", body=join, jsep={"type": "offer", "sdp": offer})
        while "jsep" not in (event := self.ask(session)):
            pass
        return str(event["jsep"]["sdp"])

    def ask(self, url: str, **body: Any) -> Any:
        data = json.dumps(body | {"transaction": "x"}).encode() if body else None
        with urllib.request.urlopen(url, data, timeout=10) as answer:
            return json.load(answer)

    def pictures(self) -> Iterator[np.ndarray]:
        """RGB, of what was kept last."""
        kept = max((self.folder / "kept").glob("*-video-*.mjr"), key=lambda path: path.stat().st_mtime)
        subprocess.run(["janus-pp-rec", kept, self.folder / "kept.mp4"], check=True, capture_output=True)
        with av.open(str(self.folder / "kept.mp4")) as container:
            yield from (frame.to_ndarray(format="rgb24") for frame in container.decode(video=0))


@pytest.mark.hosts
def test_janus_is_killed_and_comes_back(tmp_path: Path, session: Callable[..., Session]) -> None:
    if not shutil.which("janus") or not shutil.which("janus-pp-rec"):
        pytest.skip("needs janus and janus-tools")
    janus = Janus(tmp_path)
    endpoint = Endpoint(janus.take)
    sender = session("test:160x96@25", endpoint.url + "/live", str(tmp_path / "sent.mkv"))
    until(lambda: sender.outlets[0].up)
    janus.kill()
    recorded = sender.outlets[1].shown
    until(lambda: not sender.outlets[0].up, 60)
    assert sender.outlets[1].shown > recorded + 25  # the other sink does not notice
    janus.start()
    until(lambda: sender.outlets[0].up, 60)
    shown = sender.outlets[0].shown
    until(lambda: sender.outlets[0].shown > shown + 50)
    sender.stop()
    until(lambda: "DELETE /session" in endpoint.asked)
    janus.kill()
    endpoint.close()
    pictures = list(janus.pictures())
    assert len(pictures) > 40
    assert max(map(differs, pictures[::20])) < 6


def test_an_address_and_its_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDSTYLE_WHIP_TOKEN", "b")
    for text, url, token in [
        ("https://a%2F1@[::1]:8/x?y", "https://[::1]:8/x?y", "a/1"),
        ("whip+http://:a@host/x", "http://host/x", "a"),
        ("https://host/x", "https://host/x", "b"),
    ]:
        found = target(text)
        assert (found.url, found.options["token"], found.format) == (url, token, "whip")
        assert "@" not in found.name
    with pytest.raises(OutputError, match="cannot be read as an address"):
        target("https://[::1")
