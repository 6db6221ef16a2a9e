"""The web page: a video or the webcam, painted in a browser."""

from .settings import Settings

__all__ = ["Settings"]
