"""What `--method gatys` needs of a command."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vidstyle.stylizers import Gatys

__all__ = ["gatys_painter"]

TELL_EVERY = 0.2
"""Seconds."""


def gatys_painter(
    options: dict[str, Any], encoder: str, device: str, flow: str, on_step: Callable[[float, float], None]
) -> Gatys:
    """A Gatys of the given options. on_step is called a few times a second."""
    from vidstyle.stylizers import Gatys, GatysOptions

    told = 0.0

    def now_and_then(share: float, energy: float) -> None:
        nonlocal told
        if time.monotonic() - told >= TELL_EVERY:
            told = time.monotonic()
            on_step(share, energy)

    return Gatys(GatysOptions(**options), encoder, device, flow, now_and_then)
