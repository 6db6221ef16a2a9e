"""Ways of turning frames and a style into frames."""

from .feedforward import StyleInput, Stylizer
from .protocol import StyleCode

__all__ = ["StyleCode", "StyleInput", "Stylizer"]
