"""What `--method gatys` needs of a command."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidstyle.errors import OptionError, OutputError

if TYPE_CHECKING:
    from vidstyle.stylizers import Keyframes

__all__ = ["gatys_painter"]

TELL_EVERY = 0.2
"""Seconds."""


def gatys_painter(
    options: dict[str, Any],
    encoder: str,
    model: str,
    every: int,
    folder: Path | None,
    machine: tuple[str, str, str, str],
    on_step: Callable[[float, float], None],
    on_keyframe: Callable[[int, bool], None],
) -> Keyframes:
    """What optimizes keyframes. machine: device, precision, runtime, flow. on_step is called a few times a second."""
    from vidstyle.stylizers import Gatys, GatysOptions, KeyframeOptions, Keyframes, Stylizer

    if every < 1:
        raise OptionError(f"--keyframe-every {every} makes no sense; give 1 or more")
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{folder} cannot be made: {error.strerror}; choose another --keyframes") from None
    told = 0.0

    def now_and_then(share: float, energy: float) -> None:
        nonlocal told
        if time.monotonic() - told >= TELL_EVERY:
            told = time.monotonic()
            on_step(share, energy)

    device, precision, runtime, flow = machine
    gatys = Gatys(GatysOptions(**options), encoder, device, flow, now_and_then)
    fill = Stylizer(model, device, precision, runtime, flow=flow)
    return Keyframes(gatys, fill, KeyframeOptions(every=every, folder=folder), on_keyframe)
