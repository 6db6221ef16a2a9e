"""Stylize by optimization: the pixels themselves are changed until they look like the content in the style."""

from .options import GatysOptions
from .stylizer import Gatys

__all__ = ["Gatys", "GatysOptions"]
