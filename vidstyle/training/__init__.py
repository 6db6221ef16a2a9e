"""The workshop that makes weights."""

from .export import save_trained
from .recipe import Recipe, load_recipe
from .trainer import train

__all__ = ["Recipe", "load_recipe", "save_trained", "train"]
