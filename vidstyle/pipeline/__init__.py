"""How frames flow: offline, every frame in order."""

from .job import stylize
from .progress import Progress, Result

__all__ = ["Progress", "Result", "stylize"]
