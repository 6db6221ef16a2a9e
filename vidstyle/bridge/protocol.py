"""The bytes between a host's plugin and the engine.

plugins/PROTOCOL.md explains them, plugins/client/vidstyle_protocol.h is their layout; names here are its names.
"""

from __future__ import annotations

import struct
import sys
from dataclasses import dataclass
from enum import IntEnum, IntFlag

__all__ = [
    "Ask",
    "Done",
    "Format",
    "Header",
    "Layout",
    "Message",
    "Opening",
    "Refusal",
    "message",
    "take",
    "text_message",
]

MAGIC = 0x59545356
MAJOR, MINOR = 1, 0
TEXT_MAX = 4096
SLOTS_MAX = 8
MAX_PIXELS = 8192 * 4320
LONGEST_SIDE = 16384
"""Pixels. A strip of a picture would be painted enlarged, and take far more memory than it has pixels."""
SLOT_STEP = 64

HEADER = struct.Struct("=IHBBQ")
HELLO = struct.Struct("=IHH40s")
WELCOME = struct.Struct("=IHHII64s")
OPEN = struct.Struct("=IIBBBBIQ")

MATRICES = {1: 6, 2: 1, 3: 9}
"""vs_matrix -> code point of ITU-T H.273."""
LIMITED, FULL = 1, 2


class Message(IntEnum):
    HELLO = 1
    OPEN = 2
    SET = 3
    FRAME = 4
    WELCOME = 65
    OPENED = 66
    DONE = 67
    NOTE = 68
    REFUSED = 69


SIZES = {Message.HELLO: HELLO.size, Message.OPEN: OPEN.size, Message.FRAME: 0}
"""Bytes behind the header of what a client sends; SET has text."""


class Format(IntEnum):
    RGBA = 1
    BGRA = 2
    I420 = 3
    NV12 = 4


class Ask(IntFlag):
    RESET = 1


class Done(IntFlag):
    PAINTED = 1


class Refusal(Exception):
    """What breaks the protocol: its one line goes to the client, and the connection ends."""


@dataclass(frozen=True)
class Header:
    """What stands in front of every message."""

    type: Message
    slot: int
    flags: int
    number: int


@dataclass(frozen=True)
class Layout:
    """How a picture lies in a slot. matrix: of H.273; it and full_range count for Y'CbCr."""

    width: int
    height: int
    format: Format
    matrix: int
    full_range: bool

    @property
    def dimensions(self) -> tuple[int, int]:
        """(width, height)"""
        return self.width, self.height

    @property
    def rgb(self) -> bool:
        return self.format in (Format.RGBA, Format.BGRA)

    @property
    def chroma(self) -> tuple[int, int]:
        """(height, width) of the chroma planes of I420 and NV12."""
        return (self.height + 1) // 2, (self.width + 1) // 2

    @property
    def size(self) -> int:
        """Bytes."""
        if self.rgb:
            return 4 * self.width * self.height
        rows, columns = self.chroma
        return self.width * self.height + 2 * rows * columns


@dataclass(frozen=True)
class Opening:
    """What OPEN asks for. stream: connections that give the same number, other than 0, are one clip."""

    layout: Layout
    slots: int
    slot_size: int
    stream: int

    @property
    def clip(self) -> tuple[int, int, int, int] | None:
        """What connections of one clip have in common; None for a clip of one connection."""
        layout = self.layout
        return (self.stream, layout.width, layout.height, layout.format) if self.stream else None


def take(buffer: bytearray) -> tuple[Header, bytes] | None:
    """Cut the first message off what a client sent: its header and what is behind it; None until it is complete.

    Refusal for a message that no client sends, or that is too long or too short.
    """
    if len(buffer) < 4:
        return None
    size = int.from_bytes(buffer[:4], sys.byteorder)
    if not HEADER.size <= size <= HEADER.size + TEXT_MAX:
        raise Refusal(f"a message of {size} bytes; messages have {HEADER.size} to {HEADER.size + TEXT_MAX}")
    if len(buffer) < HEADER.size:
        return None
    _, kind, slot, flags, number = HEADER.unpack_from(buffer)
    if kind not in (Message.HELLO, Message.OPEN, Message.SET, Message.FRAME):
        raise Refusal(f"no client sends messages of type {kind}")
    if size - HEADER.size != SIZES.get(kind, size - HEADER.size):
        raise Refusal(f"a message {Message(kind).name} has {HEADER.size + SIZES[kind]} bytes, not {size}")
    if len(buffer) < size:
        return None
    body = bytes(buffer[HEADER.size : size])
    del buffer[:size]
    return Header(Message(kind), slot, flags, number), body


def message(kind: Message, body: bytes = b"", slot: int = 0, flags: int = 0, number: int = 0) -> bytes:
    """A message with its header."""
    return HEADER.pack(HEADER.size + len(body), kind, slot, flags, number) + body


def text_message(kind: Message, text: str) -> bytes:
    """NOTE or REFUSED: one line, cut where it is too long."""
    line = " ".join(text.split()).encode("utf-8", "replace")[:TEXT_MAX]
    return message(kind, line.decode("utf-8", "ignore").encode())


def welcome(model: str, max_pixels: int) -> bytes:
    """What answers HELLO."""
    name = model.encode()[:63].decode("utf-8", "ignore").encode()
    return message(Message.WELCOME, WELCOME.pack(MAGIC, MAJOR, MINOR, max_pixels, 0, name))


def read_hello(body: bytes) -> str:
    """The host's name, printable. Refusal for another magic number or major version."""
    magic, major, minor, host = HELLO.unpack(body)
    if magic != MAGIC:
        raise Refusal("this is vidstyle's frame server; the client speaks of something else")
    if major != MAJOR:
        raise Refusal(f"the engine speaks version {MAJOR}.{MINOR}, the plugin {major}.{minor}; update the older one")
    name = host.split(b"\0")[0].decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "?" for c in name) or "unknown"


def read_open(body: bytes, max_pixels: int) -> Opening:
    """Every value of OPEN, checked. Refusal for those that make no sense or are over the limits."""
    width, height, format, matrix, range_, slots, slot_size, stream = OPEN.unpack(body)
    if not (1 <= width <= LONGEST_SIDE and 1 <= height <= LONGEST_SIDE) or width * height > max_pixels:
        raise Refusal(
            f"frames of {width}×{height} are over the limit of {max_pixels} pixels, or of {LONGEST_SIDE} a side"
        )
    if format not in list(Format):
        raise Refusal(f"no pixel format has the number {format}")
    layout = Layout(width, height, Format(format), MATRICES.get(matrix, 0), range_ == FULL)
    if (matrix, range_) != (0, 0) if layout.rgb else (matrix not in MATRICES or range_ not in (LIMITED, FULL)):
        raise Refusal(f"matrix {matrix} and range {range_} make no sense with {layout.format.name}")
    if not 1 <= slots <= SLOTS_MAX:
        raise Refusal(f"{slots} slots; there may be 1 to {SLOTS_MAX}")
    if slot_size % SLOT_STEP or slot_size < layout.size:
        raise Refusal(f"slots of {slot_size} bytes; they need {layout.size}, and a multiple of {SLOT_STEP}")
    return Opening(layout, slots, slot_size, stream)
