"""What `--method gatys` needs of a command."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidstyle.errors import OutputError

from .terminal import Interrupted

if TYPE_CHECKING:
    from vidstyle.stylizers import Painter

__all__ = ["gatys_painter", "told_of"]

TELL_EVERY = 0.2
"""Seconds."""


def gatys_painter(
    options: dict[str, Any],
    encoder: str,
    model: str,
    every: int,
    passes: int,
    folder: Path | None,
    machine: tuple[str, str, str, str],
    tile: int | None,
    note: Callable[[str], None],
    on_step: Callable[[float, float], None],
    on_keyframe: Callable[[int, bool], None],
    on_frame: Callable[[int, int], None],
) -> Painter:
    """What optimizes keyframes, or all frames in several passes.

    machine: device, precision, runtime, flow. on_step is called a few times a second.
    """
    from vidstyle.stylizers import Gatys, GatysOptions, KeyframeOptions, Keyframes, Passes, Stylizer

    settings = KeyframeOptions(every=every, folder=folder)
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{folder} cannot be made: {error.strerror}; choose another --keyframes") from None
        others = sorted(file.name for file in folder.iterdir() if not re.fullmatch(r"\d{6}\.png|\..*", file.name))
        if others:
            note(f"not taken for keyframes, which are named like 000000.png: {', '.join(others[:3])}")
    told = 0.0

    def now_and_then(share: float, energy: float) -> None:
        nonlocal told
        if time.monotonic() - told >= TELL_EVERY:
            told = time.monotonic()
            on_step(share, energy)

    device, precision, runtime, flow = machine
    gatys = Gatys(GatysOptions(**options), encoder, device, flow, now_and_then, precision, tile, note)
    if passes != 1:
        return Passes(gatys, passes, on_frame)
    fill = Stylizer(model, device, precision, runtime, note, flow)
    return Keyframes(gatys, fill, settings, on_keyframe)


@contextmanager
def told_of(folder: Path | None) -> Iterator[None]:
    """An interrupt says that keyframes are kept, where a folder keeps them."""
    try:
        yield
    except Interrupted:
        if folder is None:
            raise
        raise Interrupted(f"interrupted; the same command goes on with the keyframes in {folder}") from None
