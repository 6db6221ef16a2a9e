"""A client: what it has sent, what it has still to be told, and how it stands."""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Callable
from concurrent.futures import Future

from vidstyle.stylizers import StyleCode

from . import protocol
from .clip import Clip, Job
from .protocol import Header, Message, Refusal
from .settings import Settings
from .slots import Slots

__all__ = ["Connection"]

AHEAD = 16_384
"""Bytes that are read before those in front of them are dealt with, about."""
DESCRIPTORS = 2
"""Descriptors that may wait for their OPEN."""
NOTES = 64
"""Notes that one client gets, at most."""
PEER = struct.Struct("=iII")


class Connection:
    """One client's socket, and what belongs to it. Never blocks.

    Messages are dealt with one after the other: while a style is read or a frame waits for its painting, what came
    behind it stays where it is.
    """

    def __init__(self, socket: socket.socket) -> None:
        socket.setblocking(False)
        self.socket = socket
        self.host = ""
        """Who it is; empty before HELLO."""
        self.since = time.monotonic()
        """When it was accepted, or kept waiting last."""
        self.settings = Settings()
        self.code: StyleCode | None = None
        """The style; None where frames are left as they are."""
        self.slots: Slots | None = None
        self.clip: Clip | None = None
        self.job: Job | None = None
        """The frame that waits to be painted."""
        self._waited: tuple[Future, Callable[[Future], None], bool] | None = None
        self._told: set[str] = set()
        self._received = bytearray()
        self._descriptors: list[int] = []
        self._unsent = bytearray()

    @property
    def user(self) -> int:
        """Who the system says is on the other side."""
        _, user, _ = PEER.unpack(self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size))
        return user

    @property
    def reads(self) -> bool:
        """There is room for more; a client that does not read its answers is not listened to."""
        return len(self._received) < AHEAD and not self._unsent

    @property
    def waits(self) -> bool:
        """It is the engine's turn: to read a style, or to paint."""
        return bool(self.job or self._waited)

    @property
    def writes(self) -> bool:
        return bool(self._unsent)

    def receive(self) -> bool:
        """Read what has come; False where the other side has ended."""
        try:
            room = socket.CMSG_SPACE(4 * DESCRIPTORS)
            data, ancillary, flags, _ = self.socket.recvmsg(AHEAD, room, socket.MSG_CMSG_CLOEXEC)
        except BlockingIOError:
            return True
        except OSError:
            return False
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                count = len(content) // 4
                self._descriptors += struct.unpack(f"={count}i", content[: 4 * count])
        if len(self._descriptors) > DESCRIPTORS or flags & socket.MSG_CTRUNC:
            raise Refusal("more descriptors than messages that need one")
        self._received += data
        return bool(data)

    def take(self) -> tuple[Header, bytes] | None:
        """The next message, where it is complete and nothing before it has to be waited for."""
        return None if self.waits or self._unsent else protocol.take(self._received)

    def take_descriptor(self) -> int:
        """The one that came beside OPEN; the caller's to close."""
        if not self._descriptors:
            raise Refusal("OPEN came without the descriptor of the frames' memory")
        return self._descriptors.pop(0)

    def wait(self, future: Future, then: Callable[[Future], None], own: bool) -> None:
        """Deal with nothing more until `future` is there, and `resume` has called `then`. own: nobody else waits."""
        self._waited = future, then, own

    def resume(self) -> bool:
        """Go on, if what was waited for is there."""
        if self._waited is None or not self._waited[0].done():
            return False
        (future, then, _), self._waited = self._waited, None
        self.since = time.monotonic()
        then(future)
        return True

    def send(self, message: bytes) -> None:
        """Now, or when the client has room for it."""
        self._unsent += message
        self.flush()

    def note(self, text: str) -> None:
        """Tell a person, once."""
        if text not in self._told and len(self._told) < NOTES:
            self._told.add(text)
            self.send(protocol.text_message(Message.NOTE, text))

    def flush(self) -> None:
        try:
            while self._unsent:
                del self._unsent[: self.socket.send(self._unsent)]
        except BlockingIOError:
            pass
        except OSError:
            # It has ended; reading will tell.
            self._unsent.clear()

    def close(self) -> None:
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors.clear()
        if self._waited:
            future, _, own = self._waited
            if own:
                future.cancel()
        if self.slots:
            self.slots.close()
        self._waited = self.slots = None
        self.socket.close()
