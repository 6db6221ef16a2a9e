"""Where live video comes from, as users write it, and what FFmpeg may touch to read it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from vidstyle.errors import InputError
from vidstyle.media.containers import check_file

__all__ = ["Address", "plain", "scheme", "source_address"]

NOTHING: Mapping[str, str] = MappingProxyType({})
NETWORK = {
    # A playlist or a session description may lead on to these, and to nothing else: no files.
    "rtmp": "rtmp,tcp",
    "rtmps": "rtmps,tls,tcp",
    "rtsp": "rtsp,rtp,rtcp,udp,tcp",
    "rtsps": "rtsp,rtsps,rtp,rtcp,srtp,udp,tcp,tls",
    "udp": "udp",
    "tcp": "tcp",
    "http": "http,https,tcp,tls,crypto",
    "https": "https,tcp,tls,crypto",
}
FORMATS = "hls,mpegts,mpjpeg,mjpeg,flv,live_flv,rtsp,rtp,sdp,h264,hevc,aac,matroska,webm,mov,nut,ogg,mp3,mpeg"
"""What networks bring; formats are told apart by what comes."""


@dataclass(frozen=True)
class Address:
    """A live source. name: as shown, without passwords. again: what dies is opened again. paced: it would come faster
    than time goes; None where that is known only when it is open."""

    name: str
    url: str
    format: str | None = None
    options: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    again: bool = True
    paced: bool | None = False


def scheme(text: str) -> str:
    """`rtmp` of rtmp://…, `webcam` of webcam:1; empty for paths."""
    found = re.match(r"([a-z][a-z0-9+]+):", text)
    return found[1] if found else ""


def plain(url: str) -> str:
    """An address without its password and what may be a key: for logs and screens."""
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets that do not match
        return f"{scheme(url)}://…"
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}" + ("?…" if parts.query else "")


def source_address(text: str) -> Address:
    """`webcam[:N or name]`, `screen[:…]`, an address of NETWORK's kinds, or a file. InputError for anything else."""
    kind, _, rest = text.partition(":")
    if kind == "webcam" or text.startswith("/dev/video"):
        return _webcam(text if kind != "webcam" else rest)
    if kind == "screen":
        return _screen(rest)
    if scheme(text) in NETWORK and "://" in text:
        return _network(text)
    if scheme(text) and not Path(text).exists():
        known = ", ".join([*(f"{name}://" for name in NETWORK), "webcam:", "screen:", "test:"])
        raise InputError(f"{plain(text) if '://' in text else text} is no known source; use {known} or a file")
    check_file(Path(text))
    return Address(text, text, again=False, paced=True)


def _webcam(which: str) -> Address:
    if sys.platform == "darwin":
        return Address(f"webcam {which or 0}", which or "0", "avfoundation", {"framerate": "30"})
    if sys.platform == "win32":
        if not which:
            raise InputError("name the webcam, as in webcam:Integrated Camera; Windows lists them under Cameras")
        return Address(f"webcam {which}", f"video={which}", "dshow")
    device = which if which.startswith("/dev/") else f"/dev/video{which or 0}"
    if not re.fullmatch(r"/dev/[\w/.-]+", device) or not Path(device).exists():
        there = ", ".join(sorted(str(path) for path in Path("/dev").glob("video*"))) or "none"
        raise InputError(f"there is no webcam {device}; there are: {there}")
    return Address(f"webcam {device}", device, "video4linux2,v4l2")


def _screen(which: str) -> Address:
    if sys.platform == "darwin":
        return Address("screen", f"Capture screen {which or 0}", "avfoundation", {"framerate": "30"})
    if sys.platform == "win32":
        return Address("screen", "desktop", "gdigrab", {"framerate": "30"})
    display = f":{which}" if which else os.environ.get("DISPLAY", "")
    if not re.fullmatch(r"[\w.-]*:\d+(\.\d+)?(\+\d+,\d+)?", display):
        raise InputError("there is no X display; name one, as in screen:0 (Wayland does not let its screen be read)")
    return Address(f"screen {display}", display, "x11grab", {"framerate": "30"})


def _network(url: str) -> Address:
    kind = scheme(url)
    options = {"protocol_whitelist": NETWORK[kind], "format_whitelist": FORMATS}
    forced = None
    if kind in ("rtsp", "rtsps"):
        forced = "rtsp"
        options |= {"rtsp_flags": "prefer_tcp"}
    elif kind == "udp":
        forced = "mpegts"
        # Of packets that come faster than they are read some are lost, and the stream goes on; 15 MB wait at most, a
        # second of the fastest streams: what comes too late is left out where it is known what can be.
        options |= {"overrun_nonfatal": "1", "fifo_size": "80000"}
    elif kind in ("http", "https"):
        options |= {"user_agent": "vidstyle", "multiple_requests": "0"}
    return Address(plain(url), url, forced, options, paced=None if kind in ("http", "https") else False)
