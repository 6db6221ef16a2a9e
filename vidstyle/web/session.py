"""A live session: one browser's camera, painted and sent back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from typing import Any

from aiortc import RTCConfiguration, RTCDataChannel, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from pydantic import ValidationError

from vidstyle.errors import InputError, VidstyleError
from vidstyle.live import Controls, LivePainter
from vidstyle.stylizers import Stylizer

from .meter import Meter
from .peer import PaintedTrack
from .wishes import Wish, what_is_wrong

__all__ = ["Session"]

MESSAGE = 4096
"""Characters of a message on the data channel, at most."""
FAREWELL = 1.0
"""Seconds that the last message has to get away."""
FPS = 24.0
"""Frames a second that are held by painting smaller, where need be."""


class Session:
    """One connection, within an event loop.

    On the data channel the page sends wishes, and gets `{"stats": …}` every second, `{"error": …}` for a wish that
    cannot be fulfilled, and `{"ended": …}`. find: a style's path or built-in name by what the page calls it, or
    StyleError. gone: called when all is freed. limits: as for PaintedTrack.
    """

    def __init__(
        self,
        stylizer: Stylizer,
        find: Callable[[str], str],
        brush: Executor,
        ice: list[RTCIceServer],
        gone: Callable[[], object],
        **limits: Any,
    ) -> None:
        self._find, self._brush, self._gone, self._limits = find, brush, gone, limits
        self._loop = asyncio.get_running_loop()
        self._meter, self._controls = Meter(), Controls()
        self._painter = LivePainter(stylizer, self._controls, adaptive=True, fps=FPS, note=self._note)
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=ice))
        self._channel: RTCDataChannel | None = None
        self._track: PaintedTrack | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    async def answer(self, offer: str) -> str:
        """The answer to an offer that was checked. InputError where it cannot be answered."""
        self._peer.on("track", self._paint)
        self._peer.on("datachannel", self._listen)
        self._peer.on("connectionstatechange", self._changed)
        try:
            await self._peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            await self._peer.setLocalDescription(await self._peer.createAnswer())
        except Exception as error:  # whatever the library's own statements raise for what they did not expect
            raise InputError("that offer of WebRTC cannot be answered; take a newer browser") from error
        if self._track is None:
            raise InputError("that offer of WebRTC sends no picture")
        return str(self._peer.localDescription.sdp)

    def wish(self, wish: Wish) -> None:
        """Paint so from now on. VidstyleError, and nothing changes, where that is not possible."""
        changes: dict[str, Any] = wish.model_dump(exclude_none=True, exclude={"styles"})
        if wish.styles is not None:
            changes["styles"] = [(self._find(share.style), share.weight) for share in wish.styles]
        self._controls.set(**changes)

    def figures(self) -> dict[str, Any]:
        """What the page is told every second: those of `Meter`, and how its frames were painted."""
        painter = self._painter
        counts = {"painted": painter.painted, "repeated": painter.repeated, "passed": painter.passed}
        return {**self._meter.told(), **counts, "size": painter.size}

    def close(self, why: str = "") -> asyncio.Task[None]:
        """End it, and tell the page why; once."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close(why))
        return self._closing

    async def _close(self, why: str) -> None:
        try:
            if self._ticking:
                self._ticking.cancel()
            if self._track:
                self._track.stop()
            if why and self._tell({"ended": why}):
                await self._farewell()
            await self._peer.close()
            await self._loop.run_in_executor(None, self._painter.close)
        finally:
            self._gone()

    async def _farewell(self) -> None:
        away = asyncio.Event()
        assert self._channel is not None
        self._channel.on("bufferedamountlow", away.set)
        if self._channel.bufferedAmount:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(away.wait(), FAREWELL)

    def _changed(self) -> None:
        if self._peer.connectionState in ("failed", "closed"):
            self.close()

    def _paint(self, track: Any) -> None:
        self._track = PaintedTrack(track, self._painter, self._brush, self._meter, self.close, **self._limits)
        self._peer.addTrack(self._track)

    def _listen(self, channel: RTCDataChannel) -> None:
        if self._channel is not None:
            return channel.close()
        self._channel = channel
        channel.on("message", self._hear)
        self._ticking = asyncio.ensure_future(self._tick())

    def _hear(self, message: str | bytes) -> None:
        try:
            if not isinstance(message, str) or len(message) > MESSAGE:
                raise InputError("that message cannot be understood")
            self.wish(Wish.model_validate_json(message))
        except ValidationError as error:
            self._tell({"error": what_is_wrong(error)})
        except VidstyleError as error:
            self._tell({"error": str(error)})

    def _note(self, text: str) -> None:
        # The painting thread calls; the loop may have ended.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._tell, {"error": text})

    def _tell(self, what: dict[str, Any]) -> bool:
        if self._channel is None or self._channel.readyState != "open":
            return False
        self._channel.send(json.dumps(what))
        return True

    async def _tick(self) -> None:
        while True:
            self._tell({"stats": self.figures()})
            await asyncio.sleep(1)
