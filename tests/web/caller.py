"""A camera's owner without a browser: calls the page's API, sends numbered pictures, keeps what comes back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from typing import Any

import av
import httpx
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from aiortc.mediastreams import MediaStreamError
from fake_camera import frame

WIDTH, HEIGHT = 320, 240


class Camera(VideoStreamTrack):
    """Frame after frame, 30 a second."""

    def __init__(self, width: int = WIDTH, height: int = HEIGHT, moving: bool = True) -> None:
        super().__init__()
        self.width, self.height, self.moving, self.sent = width, height, moving, 0

    async def recv(self) -> av.VideoFrame:
        pts, time_base = await self.next_timestamp()
        pixels = frame(self.sent % 256, self.width, self.height, self.moving)
        picture = av.VideoFrame.from_ndarray(pixels, "rgb24")
        picture.pts, picture.time_base = pts, Fraction(time_base)
        self.sent += 1
        return picture


class Caller:
    """One connection. `back` holds what came back, RGB; `told` what the server said."""

    def __init__(self, client: httpx.AsyncClient, camera: Camera | None = None) -> None:
        self.client = client
        self.camera = camera or Camera()
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.channel = self.peer.createDataChannel("wishes")
        self.back: list[np.ndarray] = []
        self.told: list[dict[str, Any]] = []
        self.session = ""
        self._news = asyncio.Event()
        self._open = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self.channel.on("message", self._hear)
        self.channel.on("open", self._open.set)
        self.peer.on("track", self._track)

    async def offer(self) -> str:
        self.peer.addTrack(self.camera)
        await self.peer.setLocalDescription(await self.peer.createOffer())
        return str(self.peer.localDescription.sdp)

    async def call(self, **wish: Any) -> httpx.Response:
        answer = await self.client.post("/api/webcam/sessions", json={"sdp": await self.offer(), "wish": wish})
        if answer.status_code == 201:
            self.session = answer.json()["session"]
            await self.peer.setRemoteDescription(RTCSessionDescription(answer.json()["sdp"], "answer"))
            await asyncio.wait_for(self._open.wait(), 10)
        return answer

    def wish(self, **wish: Any) -> None:
        self.channel.send(json.dumps(wish))

    async def until(self, there: Callable[[], Any], seconds: float = 20) -> Any:
        """What `there` gives as soon as it gives something, looked at whenever something has come."""

        async def wait() -> Any:
            while not (found := there()):
                self._news.clear()
                await self._news.wait()
            return found

        return await asyncio.wait_for(wait(), seconds)

    async def close(self) -> None:
        await self.peer.close()
        if self._watching:
            await self._watching

    def _hear(self, message: str) -> None:
        self.told.append(json.loads(message))
        self._news.set()

    def _track(self, track: Any) -> None:
        async def watch() -> None:
            with suppress(MediaStreamError):
                while True:
                    self.back.append((await track.recv()).to_ndarray(format="rgb24"))
                    self._news.set()

        self._watching = asyncio.ensure_future(watch())
