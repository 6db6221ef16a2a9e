"""The memory that a client shares: its frames, in slots."""

from __future__ import annotations

import fcntl
import os
from functools import cached_property

import numpy as np

from .protocol import Opening, Refusal

__all__ = ["Slots"]

UNWRITABLE = fcntl.F_SEAL_WRITE | getattr(fcntl, "F_SEAL_FUTURE_WRITE", 0x10)


class Slots:
    """A client's memory, in which one picture at a time is read and written.

    It is not mapped. A client may shorten it, punch holes into it or have no pages for it: for who has it mapped that
    is SIGBUS, for who reads and writes it an error. That costs two copies of a frame, where it is painted.
    """

    def __init__(self, descriptor: int, opening: Opening) -> None:
        """The descriptor stays the caller's. Refusal where it is no memory that can be written to."""
        self.layout = opening.layout
        self._count, self._step = opening.slots, opening.slot_size
        whole = opening.slots * opening.slot_size
        try:
            seals = fcntl.fcntl(descriptor, fcntl.F_GET_SEALS)
        except OSError:
            # Reading a file, or whatever else has a descriptor, may take forever.
            raise Refusal("the frames' memory must be a memfd") from None
        if seals & UNWRITABLE:
            raise Refusal("the frames' memory is sealed against writing")
        if os.fstat(descriptor).st_size < whole:
            raise Refusal(f"the frames' memory is too small; {opening.slots} slots need {whole} bytes")
        try:
            self._descriptor = os.dup(descriptor)
        except OSError as error:
            raise Refusal(f"the frames' memory cannot be kept: {error.strerror}") from None

    def __len__(self) -> int:
        return self._count

    @cached_property
    def _picture(self) -> np.ndarray:
        return np.empty(self.layout.size, np.uint8)

    def read(self, slot: int) -> np.ndarray:
        """A copy of the picture in a slot, (bytes,) uint8; the next call overwrites it."""
        try:
            count = os.preadv(self._descriptor, [self._picture.data], slot * self._step)
        except OSError as error:
            raise Refusal(f"the frames' memory cannot be read: {error.strerror}") from None
        if count < self.layout.size:
            raise Refusal("the frames' memory has become too small")
        return self._picture

    def write(self, slot: int, picture: np.ndarray) -> None:
        """Put a picture, (bytes,) uint8, into a slot."""
        try:
            count = os.pwritev(self._descriptor, [picture.data], slot * self._step)
        except OSError as error:
            raise Refusal(f"the frames' memory cannot be written to: {error.strerror}") from None
        if count < self.layout.size:
            raise Refusal("the system has no pages for the frames' memory")

    def close(self) -> None:
        os.close(self._descriptor)
