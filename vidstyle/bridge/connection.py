"""A client: what it sent, what it is still to be told, and how it stands."""

from __future__ import annotations

import os
import socket
import struct
from concurrent.futures import Future

from vidstyle.stylizers import StyleCode

from . import protocol
from .clip import Clip, Job
from .protocol import Header, Message, Refusal
from .settings import Settings
from .slots import Slots

__all__ = ["Connection"]

CHUNK = 16_384
"""Bytes that are read ahead."""
DESCRIPTORS = 4
"""Descriptors that may wait for their OPEN."""


class Connection:
    """One client's socket, and what belongs to it. Never blocks."""

    def __init__(self, socket: socket.socket) -> None:
        self.socket = socket
        self.host = ""
        """Who it is; empty before HELLO."""
        self.settings = Settings()
        self.code: StyleCode | None = None
        self.style: Future[StyleCode] | None = None
        """The style that is being read; what was sent behind it waits."""
        self.slots: Slots | None = None
        self.clip: Clip | None = None
        self.job: Job | None = None
        """The frame that waits to be painted; what was sent behind it waits."""
        self.told: set[str] = set()
        self.closing = False
        self._received = bytearray()
        self._descriptors: list[int] = []
        self._unsent = bytearray()

    @property
    def reads(self) -> bool:
        """There is room for more; a client that does not read its answers is not listened to."""
        return len(self._received) < CHUNK and not self._unsent

    @property
    def writes(self) -> bool:
        return bool(self._unsent)

    @property
    def busy(self) -> bool:
        """What was sent has to wait."""
        return self.job is not None or self.style is not None or bool(self._unsent) or self.closing

    def receive(self) -> bool:
        """Read what has come; False where the other side has ended."""
        room = socket.CMSG_SPACE(4 * DESCRIPTORS)
        try:
            data, ancillary, flags, _ = self.socket.recvmsg(CHUNK, room, socket.MSG_CMSG_CLOEXEC)
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
        return None if self.busy else protocol.take(self._received)

    def take_descriptor(self) -> int:
        """The one that came beside OPEN; the caller's to close."""
        if not self._descriptors:
            raise Refusal("OPEN came without the descriptor of the frames' memory")
        return self._descriptors.pop(0)

    def send(self, message: bytes) -> None:
        """Now, or when the client has room for it."""
        self._unsent += message
        self.flush()

    def note(self, text: str) -> None:
        """Tell a person, once."""
        if text not in self.told and len(self.told) < 1000:
            self.told.add(text)
            self.send(protocol.text_message(Message.NOTE, text))

    def flush(self) -> None:
        try:
            while self._unsent:
                del self._unsent[: self.socket.send(self._unsent)]
        except BlockingIOError:
            pass
        except OSError:
            # It has ended, and reading will tell.
            self._unsent.clear()

    def close(self) -> None:
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors.clear()
        if self.style:
            self.style.cancel()
        self.slots = None
        self.socket.close()
