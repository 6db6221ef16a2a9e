"""What FFmpeg says while it works: the reasons that its errors leave out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import av.logging

__all__ = ["heard"]


@contextmanager
def heard(lines: list[str]) -> Iterator[None]:
    """Adds what FFmpeg logs meanwhile: some encoders say only there what they did not understand."""
    level = av.logging.get_level()
    av.logging.set_level(av.logging.WARNING)
    logs: list[tuple[int, str, str]] = []
    try:
        with av.logging.Capture(local=False) as logs:
            yield
    finally:
        logs.sort(key=lambda log: log[0])  # the gravest first
        lines += [" ".join(message.split()) for _, _, message in logs]
        av.logging.set_level(level)
