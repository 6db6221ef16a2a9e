"""What `vidstyle web` may be told."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from vidstyle.errors import OptionError

__all__ = ["Settings", "is_loopback"]

MB, GB = 10**6, 10**9


@dataclass(frozen=True)
class Settings:
    """Where the page listens, who may use it, and what a job may cost.

    OptionError for numbers that make no sense, and for an address that others can reach without a token.
    """

    host: str = "127.0.0.1"
    port: int = 8420
    token: str | None = None
    """Whoever gives it may come in; None lets in everybody on this machine."""
    names: tuple[str, ...] = ()
    """Further names that the page is reached by, as a proxy's."""
    folder: Path | None = None
    """Where a folder for the files is made; None for the system's folder of temporary files."""
    model: str = "brisk"
    device: str = "auto"
    jobs: int = 1
    """Jobs that run at once."""
    waiting: int = 20
    """Jobs that may wait."""
    waiting_per_client: int = 8
    max_bytes: int = 2 * GB
    """Of a video that is sent."""
    max_style_bytes: int = 40 * MB
    max_seconds: float = 600
    """Of a video's duration."""
    max_pixels: int = 8_847_360
    """Of a frame; 4096×2160 are allowed."""
    max_work: float = 4 * 3600
    """Seconds that a job may run."""
    max_memory: int = 8 * GB
    """Of a job's process."""
    max_stored: int = 20 * GB
    """Of all files together."""
    keep: float = 24 * 3600
    """Seconds after which a job that has ended is forgotten, with its files."""
    upload_seconds: float = 3600
    """That sending a video may take."""
    webcams: int = 4
    """People who are painted live at once."""
    webcam_idle: float = 10
    """Seconds without a picture after which such a session ends."""
    webcam_pixels: int = 1920 * 1080
    """Of a webcam's frame."""
    ice_servers: tuple[str, ...] = ()
    """`stun:HOST:PORT` or `turn:USER:PASSWORD@HOST:PORT`, for browsers that cannot reach this machine directly."""
    rate: float = 50
    """Requests that one client may make a second, after `burst` at once."""
    burst: int = 500
    uploads: int = 3
    """Of one client at once."""
    streams: int = 50
    """Of events, of one client at once."""

    def __post_init__(self) -> None:
        if not is_loopback(self.host) and not self.token:
            raise OptionError(f"others can reach {self.host}, so there must be a token")
        if not 0 <= self.port < 65536:
            raise OptionError(f"port {self.port} does not exist; give 1 to 65535, or 0 for any that is free")
        for name in (
            "jobs",
            "waiting_per_client",
            "max_bytes",
            "max_style_bytes",
            "max_pixels",
            "max_memory",
            "webcams",
        ):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} {getattr(self, name)} makes no sense; give 1 or more")
        for name in ("max_seconds", "max_work", "keep", "upload_seconds", "webcam_idle"):
            if not 0 < getattr(self, name) < float("inf"):
                raise OptionError(f"{name} {getattr(self, name)} makes no sense; give a positive number of seconds")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
