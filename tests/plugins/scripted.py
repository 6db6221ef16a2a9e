"""An engine that does what a test tells it to: what a real one should never do cannot be shown with a real one.

It speaks plugins/PROTOCOL.md from its own reading of it.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

HELLO, OPEN, SET, FRAME, WELCOME, OPENED, DONE, NOTE, REFUSED = 1, 2, 3, 4, 65, 66, 67, 68, 69
PAINTED, RESET = 1, 1
HEADER = struct.Struct("=IHBBQ")
MAGIC = 0x59545356


class Gone(Exception):
    """The client closed the connection."""


class Peer:
    """One client: its messages as (type, slot, flags, number, body), and the frames it shares."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.memory: mmap.mmap | None = None
        self.shape: tuple[int, ...] = ()

    def read(self, wanted: int | None = None) -> tuple[int, int, int, int, bytes]:
        """The next message; the next one of a type, if one is named."""
        while True:
            head, fds = self._exactly(HEADER.size)
            size, kind, slot, flags, number = HEADER.unpack(head)
            body, more = self._exactly(size - HEADER.size)
            if kind == OPEN:
                self.shape = struct.unpack("=IIBBBBIQ", body)
                (fd,) = fds + more
                assert fcntl.fcntl(fd, fcntl.F_GET_SEALS) & fcntl.F_SEAL_SHRINK
                assert os.fstat(fd).st_size >= self.shape[5] * self.shape[6]
                self.memory = mmap.mmap(fd, self.shape[5] * self.shape[6])
                os.close(fd)
            if wanted in (None, kind):
                return kind, slot, flags, number, body

    def _exactly(self, size: int) -> tuple[bytes, list[int]]:
        data, fds = b"", []
        while len(data) < size:
            part, passed, *_ = socket.recv_fds(self.connection, size - len(data), 1)
            if not part:
                raise Gone
            data += part
            fds += passed
        return data, fds

    def send(self, kind: int, body: bytes = b"", slot: int = 0, flags: int = 0, number: int = 0) -> None:
        self.connection.sendall(HEADER.pack(HEADER.size + len(body), kind, slot, flags, number) + body)

    def welcome(self, major: int = 1) -> None:
        self.read(HELLO)
        self.send(WELCOME, struct.pack("=IHHII64s", MAGIC, major, 0, 1 << 26, 0, b"scripted"))

    def frame(self) -> tuple[int, int, int]:
        """Wait for a frame, answering OPEN on the way: slot, flags, number."""
        while True:
            kind, slot, flags, number, _ = self.read()
            if kind == OPEN:
                self.send(OPENED)
            elif kind == FRAME:
                return slot, flags, number

    def paint(self, slot: int) -> None:
        """Turn every byte of a slot over."""
        assert self.memory is not None
        at, size = slot * self.shape[6], self.shape[6]
        self.memory[at : at + size] = bytes(255 - b for b in self.memory[at : at + size])

    def done(self, slot: int, number: int, flags: int = PAINTED) -> None:
        self.send(DONE, slot=slot, flags=flags, number=number)

    def serve(self) -> None:
        """Behave: paint every frame."""
        self.welcome()
        while True:
            slot, _, number = self.frame()
            self.paint(slot)
            self.done(slot, number)


class Engine:
    """Listens on `path`; each connection is served, on a thread of its own, by the next of `scripts`, the last one over
    and over.

    What a script raises, but `Gone`, is raised again when the engine is left.
    """

    def __init__(self, path: Path, *scripts: Callable[[Peer], None]) -> None:
        self.scripts = list(scripts)
        self.connections: list[socket.socket] = []
        self.failure: BaseException | None = None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.threads = [threading.Thread(target=self._listen, daemon=True)]
        self.threads[0].start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            script = self.scripts[min(len(self.connections), len(self.scripts) - 1)]
            self.connections.append(connection)
            self.threads.append(threading.Thread(target=self._serve, args=(script, connection), daemon=True))
            self.threads[-1].start()

    def _serve(self, script: Callable[[Peer], None], connection: socket.socket) -> None:
        with connection:
            try:
                script(Peer(connection))
            except (Gone, ConnectionError):
                pass
            except BaseException as error:
                self.failure = error

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.threads[0].join(10)
        for connection in self.connections:
            if connection.fileno() >= 0:
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self.threads[1:]:
            thread.join(10)
        if self.failure:
            raise self.failure
