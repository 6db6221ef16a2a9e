"""The workshop that makes weights."""

from .recipe import Recipe, load_recipe
from .trainer import train

__all__ = ["Recipe", "load_recipe", "train"]
