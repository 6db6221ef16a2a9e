"""A process that publishes encoded streams by WHIP (RFC 9725): NUT on standard input, an address in the environment.

A script of its own, as relay_child.py. WebRTC is aiortc's: FFmpeg's own WHIP, where it is built with GnuTLS, shows a
certificate on a curve (P-224) that OpenSSL and BoringSSL refuse, and does not look at the server's.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import ssl
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import suppress
from fractions import Fraction
from typing import Any

import aioice.ice
import av
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.clock import current_ntp_time
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RtcpSrPacket

CODECS = {"video": ("video/h264", "video/rtx"), "audio": ("audio/opus",)}
LONGEST = 100_000
"""Bytes of a server's answer."""
MISSED = 3
"""Unanswered questions, one in five seconds, after which a server is taken for gone."""


class Refused(Exception):
    """A line for people."""


class Track(MediaStreamTrack):
    """Packets as they come, up to None. seconds: of the newest that was handed over. sent: all were."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.packets: asyncio.Queue[av.Packet | None] = asyncio.Queue()
        self.seconds: Fraction | None = None
        self.sent = asyncio.Event()

    async def recv(self) -> av.Packet:
        packet = await self.packets.get()
        if packet is None:
            self.sent.set()
            raise MediaStreamError
        assert packet.pts is not None
        self.seconds = packet.pts * packet.time_base
        return packet


def leads_on(url: str, other: str) -> bool:
    """Whether a token may follow from one address to another: not from an encrypted place to an open one."""
    return other.startswith("https://") or (other.startswith("http://") and not url.startswith("https://"))


class Redirected(urllib.request.HTTPRedirectHandler):
    """Offers go where a server sends them."""

    def redirect_request(self, request: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if code not in (307, 308) or not leads_on(request.full_url, newurl):
            return None
        return urllib.request.Request(newurl, request.data, request.headers, method=request.get_method())


def ask(method: str, url: str, token: str, patience: float, body: bytes | None = None) -> tuple[str, str | None]:
    """The answer's text, and where the session is, if it is told. Refused where there is none."""
    request = urllib.request.Request(url, body, {"User-Agent": "vidstyle"}, method=method)
    if body is not None:
        request.add_header("Content-Type", "application/sdp")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.build_opener(Redirected).open(request, timeout=patience) as answer:
            text, place = answer.read(LONGEST).decode(errors="replace"), answer.headers.get("Location")
            place = place and urllib.parse.urljoin(answer.url, place)
            return text, place if place and leads_on(answer.url, place) else None
    except urllib.error.HTTPError as error:
        hint = {401: "; the token is missing or wrong", 403: "; the token is wrong, or somebody is sending there"}
        raise Refused(f"the server answered {error.code} {error.reason}{hint.get(error.code, '')}") from None
    except urllib.error.URLError as error:
        raise Refused(said(error.reason)) from None
    except (OSError, http.client.HTTPException) as error:
        raise Refused(str(error) or type(error).__name__) from None


def said(reason: object) -> str:
    """Why no connection came about, without Python's own words."""
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"the server's certificate is not trusted: {reason.verify_message}"
    if isinstance(reason, ssl.SSLError) and reason.reason:
        return f"TLS did not come about: {reason.reason.lower().replace('_', ' ')}"
    return getattr(reason, "strerror", None) or str(reason)


def in_step(sender: Any, track: Track, began: int) -> None:
    """Let a sender's reports tell when what was sent was taken, not when it left: receivers hold sound and picture
    together by them, and a picture is the longer on its way the longer it was painted."""
    send = sender._send_rtcp

    async def stamped(packets: list[Any]) -> None:
        if track.seconds is None:
            return
        for packet in packets:
            if isinstance(packet, RtcpSrPacket):
                packet.sender_info.ntp_timestamp = began + int(track.seconds * (1 << 32))
        await send(packets)

    sender._send_rtcp = stamped


async def publish(source: Any, url: str, token: str, patience: float) -> None:
    """Until the input ends, or the connection."""
    aioice.ice.CONSENT_FAILURES = MISSED
    loop, began = asyncio.get_running_loop(), current_ntp_time()
    # Without addresses of other servers: the one that is sent to can be reached, and sees where from.
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    tracks = {stream.index: Track(stream.type) for stream in source.streams}
    for track in tracks.values():
        way = peer.addTransceiver(track, direction="sendonly")
        known = RTCRtpSender.getCapabilities(track.kind).codecs
        way.setCodecPreferences([codec for codec in known if codec.mimeType.lower() in CODECS[track.kind]])
        sender: Any = way.sender
        in_step(sender, track, began)
        if track.kind == "video":
            sender._send_keyframe = lambda: print("key", flush=True)
    ready, lost = asyncio.Event(), asyncio.Event()

    @peer.on("connectionstatechange")
    def changed() -> None:
        if peer.connectionState == "connected":
            ready.set()
        elif peer.connectionState in ("failed", "closed"):
            lost.set()

    place, until = None, time.monotonic() + patience
    try:
        await peer.setLocalDescription(await peer.createOffer())
        offer = peer.localDescription.sdp.encode()
        answer, place = await asyncio.to_thread(ask, "POST", url, token, patience, offer)
        try:
            await peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        except Exception:  # whatever the library's own statements raise for what they did not expect
            raise Refused("the server's answer cannot be used; it must take H.264 and Opus") from None
        if not await first(max(1, until - time.monotonic()), ready, lost) or lost.is_set():
            raise Refused("no connection by WebRTC; UDP may be blocked")
        print("ready", flush=True)
        ended = asyncio.Event()
        threading.Thread(target=read, args=(source, tracks, loop, ended), daemon=True).start()
        await first(None, ended, lost)
        if lost.is_set():
            raise Refused("the connection was lost")
        for track in tracks.values():
            track.packets.put_nowait(None)
            await first(patience, track.sent, lost)
    finally:
        if place:
            with suppress(Refused):
                await asyncio.to_thread(ask, "DELETE", place, token, patience / 4)
        await peer.close()


async def first(patience: float | None, *events: asyncio.Event) -> bool:
    """Wait for one of them; whether it came in time."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    done, _ = await asyncio.wait(waiting, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
    for each in waiting:
        each.cancel()
    return bool(done)


def read(source: Any, tracks: dict[int, Track], loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    """On a thread: everything that comes."""
    with suppress(av.FFmpegError, RuntimeError):  # a loop that has ended
        for packet in source.demux():
            if packet.size:
                loop.call_soon_threadsafe(tracks[packet.stream_index].packets.put_nowait, packet)
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(ended.set)


def main() -> None:
    url, _, options, patience = json.loads(os.environ.pop("VIDSTYLE_RELAY"))
    # Little is read ahead: NUT's headers tell what there is to know.
    source = av.open("pipe:0", format="nut", options={"probesize": "32", "fpsprobesize": "0"})
    asyncio.run(publish(source, url, options.get("token", ""), patience))


try:
    main()
except (Refused, av.FFmpegError, OSError) as error:
    sys.exit(" ".join(str(error).split()))
