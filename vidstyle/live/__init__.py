"""Video as it happens: painted now, or dropped."""

from .controls import Controls, Look
from .painter import LivePainter

__all__ = ["Controls", "LivePainter", "Look"]
