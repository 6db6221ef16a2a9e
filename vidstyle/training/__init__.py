"""The workshop that makes weights."""

from .recipe import EncoderRecipe, PainterRecipe, Recipe, load_recipe
from .trainer import train

__all__ = ["EncoderRecipe", "PainterRecipe", "Recipe", "load_recipe", "train"]
