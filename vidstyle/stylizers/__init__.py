"""Ways of turning frames and a style into frames."""

from .code import StyleCode
from .feedforward import Stylizer
from .gatys import Gatys, GatysOptions, KeyframeOptions, Keyframes, Passes
from .painter import Painter, StyleInput
from .stylebook import Stylebook

__all__ = [
    "Gatys",
    "GatysOptions",
    "KeyframeOptions",
    "Keyframes",
    "Painter",
    "Passes",
    "StyleCode",
    "StyleInput",
    "Stylebook",
    "Stylizer",
]
