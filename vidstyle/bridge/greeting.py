"""Ask an engine who it is."""

from __future__ import annotations

import socket
from pathlib import Path

from . import protocol
from .protocol import HEADER, HELLO, MAGIC, MAJOR, MINOR, WELCOME, Message

__all__ = ["greet"]


def greet(path: Path, seconds: float = 5.0) -> str | None:
    """The model of the engine at `path`; empty where it does not answer in time, None where none listens."""
    hello = protocol.message(Message.HELLO, HELLO.pack(MAGIC, MAJOR, MINOR, b"vidstyle"))
    wanted = HEADER.size + WELCOME.size
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(seconds)
        try:
            connection.connect(str(path))
        except OSError:
            return None
        answer = b""
        try:
            connection.sendall(hello)
            while len(answer) < wanted and (more := connection.recv(wanted - len(answer))):
                answer += more
        except OSError:
            return ""
    if len(answer) < wanted or HEADER.unpack_from(answer)[1] != Message.WELCOME:
        return ""
    name: bytes = WELCOME.unpack_from(answer, HEADER.size)[-1]
    return name.split(b"\0")[0].decode("utf-8", "replace")
