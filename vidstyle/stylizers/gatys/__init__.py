"""Stylize by optimization: the pixels themselves are changed until they look like the content in the style."""

from .keyframes import KeyframeOptions, Keyframes
from .options import GatysOptions
from .passes import Passes
from .stylizer import Gatys

__all__ = ["Gatys", "GatysOptions", "KeyframeOptions", "Keyframes", "Passes"]
