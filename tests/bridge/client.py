"""A client of the frame server, written from plugins/client/vidstyle_protocol.h alone."""

from __future__ import annotations

import fcntl
import mmap
import os
import socket
import struct
from contextlib import suppress
from pathlib import Path

import numpy as np

HELLO, OPEN, SET, FRAME, WELCOME, OPENED, DONE, NOTE, REFUSED = 1, 2, 3, 4, 65, 66, 67, 68, 69
RGBA, BGRA, I420, NV12 = 1, 2, 3, 4
MAGIC = 0x59545356


def header(kind: int, body: bytes = b"", slot: int = 0, flags: int = 0, number: int = 0) -> bytes:
    return struct.pack("=IHBBQ", 16 + len(body), kind, slot, flags, number) + body


def hello(magic: int = MAGIC, major: int = 1, minor: int = 0, host: bytes = b"test") -> bytes:
    return header(HELLO, struct.pack("=IHH40s", magic, major, minor, host))


def memfd(size: int, seals: int = fcntl.F_SEAL_SHRINK) -> int:
    descriptor = os.memfd_create("frames", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(descriptor, size)
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    return descriptor


class Client:
    """Talks to the server at `path`; every answer within `timeout` seconds."""

    def __init__(self, path: Path, greet: bool = True, timeout: float = 60) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))
        self.slots: list[np.ndarray] = []
        self.notes: list[str] = []
        if greet:
            self.send(hello())
            assert self.answer()[0] == WELCOME

    def send(self, *messages: bytes) -> None:
        self.socket.sendall(b"".join(messages))

    def answer(self) -> tuple[int, int, int, int, bytes]:
        """The next message: type, slot, flags, number, body. EOFError where the server has hung up."""
        size, kind, slot, flags, number = struct.unpack("=IHBBQ", self._exactly(16))
        return kind, slot, flags, number, self._exactly(size - 16)

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            if not (more := self.socket.recv(count - len(data))):
                raise EOFError
            data += more
        return data

    def heard(self) -> tuple[int, int, int, int, bytes]:
        """The next answer that is no note; notes are kept."""
        while (answer := self.answer())[0] == NOTE:
            self.notes.append(answer[4].decode())
        return answer

    def refusal(self) -> str:
        """The text of a REFUSED, behind which the server hangs up."""
        kind, *_, body = self.heard()
        assert kind == REFUSED, kind
        with suppress(ConnectionResetError):
            assert not self.socket.recv(1)
        return body.decode()

    def set(self, **values: object) -> None:
        self.send(header(SET, "\n".join(f"{k.replace('_', '-')}={v}" for k, v in values.items()).encode()))

    def ask_open(
        self,
        width: int,
        height: int,
        format: int = RGBA,
        matrix: int = 0,
        range: int = 0,
        slots: int = 2,
        slot_size: int | None = None,
        stream: int = 0,
        descriptor: int | None = None,
    ) -> None:
        chroma = ((width + 1) // 2) * ((height + 1) // 2)
        size = 4 * width * height if format in (RGBA, BGRA) else width * height + 2 * chroma
        slot_size = -(-size // 64) * 64 if slot_size is None else slot_size
        body = struct.pack("=IIBBBBIQ", width, height, format, matrix, range, slots, slot_size, stream)
        own = descriptor is None
        descriptor = memfd(slots * slot_size) if descriptor is None else descriptor
        socket.send_fds(self.socket, [header(OPEN, body)], [descriptor])
        if own:
            memory = mmap.mmap(descriptor, slots * slot_size)
            self.slots = [np.frombuffer(memory, np.uint8, size, k * slot_size) for k in np.arange(slots)]
            os.close(descriptor)

    def open(self, width: int, height: int, *arguments: int, **options: int) -> None:
        self.ask_open(width, height, *arguments, **options)
        assert self.heard()[0] == OPENED

    def ask(self, number: int, slot: int = 0, flags: int = 0) -> None:
        self.send(header(FRAME, b"", slot, flags, number))

    def done(self) -> tuple[int, int, bool]:
        """Slot and number of the next DONE, and whether it was painted."""
        kind, slot, flags, number, body = self.heard()
        assert kind == DONE, (kind, body)
        return slot, number, bool(flags & 1)

    def paint(self, pixels: np.ndarray, number: int, flags: int = 0) -> np.ndarray | None:
        """One frame through slot 0; None where it came back as it was."""
        self.slots[0][:] = pixels.reshape(-1)
        self.ask(number, 0, flags)
        slot, back, painted = self.done()
        assert (slot, back) == (0, number)
        if not painted:
            assert (self.slots[0] == pixels.reshape(-1)).all()
            return None
        return self.slots[0].reshape(pixels.shape).copy()

    def close(self) -> None:
        self.socket.close()
