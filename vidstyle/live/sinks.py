"""Sinks as users write them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

from vidstyle.errors import MissingExtra
from vidstyle.media import EncodedSink, target

from .camera import CameraSink
from .door import Door, place
from .mjpeg import MjpegSink
from .session import Sink
from .window import WindowSink

__all__ = ["parse_sink"]


def parse_sink(text: str, *, token: str | None = None, on_key: Callable[[str], None] = lambda key: None) -> Sink:
    """`window`, `camera[:DEVICE]`, `mjpeg:[HOST:]PORT`, an address, a playlist or a file.

    token: for what is bound to other addresses than this machine's own. VidstyleError for anything else, and where it
    is plain already that it cannot be opened.
    """
    kind, _, rest = text.partition(":")
    if text == "window":
        _need("pygame", "pygame-ce")
        return Sink("window", lambda shape: WindowSink(shape.size, on_key))
    if kind == "camera":
        _need("pyvirtualcam", "pyvirtualcam")
        return Sink(text, lambda shape: CameraSink(shape.size, float(shape.rate), rest or None))
    if kind == "mjpeg":
        host, port = place(rest)
        Door(host, port, token, lambda visit: None).close()
        return Sink(text, lambda shape: MjpegSink(host, port, token))
    there = target(text)
    if there.format == "whip":
        _need("aiortc", "aiortc")
    return Sink(
        there.name,
        lambda shape: EncodedSink(there, shape.size, shape.rate, shape.sound),
        again=there.network,
        recording=not there.network,
    )


def _need(module: str, package: str) -> None:
    if importlib.util.find_spec(module) is None:
        raise MissingExtra(package, "live")
