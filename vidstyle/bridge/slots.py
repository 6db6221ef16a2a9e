"""The memory that a client shares: its frames, in slots."""

from __future__ import annotations

import fcntl
import mmap
import os

import numpy as np

from .protocol import Opening, Refusal

__all__ = ["Slots"]


class Slots:
    """A client's memory, mapped; `slots[k]` is the picture in a slot, (bytes,) uint8, to read and to write."""

    def __init__(self, descriptor: int, opening: Opening) -> None:
        """The descriptor stays the caller's. Refusal where it is no memory that may be mapped without danger."""
        self.layout = opening.layout
        self._count, self._step = opening.slots, opening.slot_size
        whole = opening.slots * opening.slot_size
        try:
            seals = fcntl.fcntl(descriptor, fcntl.F_GET_SEALS)
        except OSError:
            raise Refusal("the frames' memory must be a memfd") from None
        # Memory that is shortened while it is read kills the reader.
        if not seals & fcntl.F_SEAL_SHRINK:
            raise Refusal("the frames' memory must be sealed with F_SEAL_SHRINK")
        if os.fstat(descriptor).st_size < whole:
            raise Refusal(f"the frames' memory is too small; {opening.slots} slots need {whole} bytes")
        try:
            self._memory = mmap.mmap(descriptor, whole)
        except (OSError, ValueError) as error:
            raise Refusal(f"the frames' memory cannot be mapped: {error}") from None

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, slot: int) -> np.ndarray:
        return np.frombuffer(self._memory, np.uint8, self.layout.size, slot * self._step)
