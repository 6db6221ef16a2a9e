"""The workshop that makes weights."""

from .recipe import EncoderRecipe, PainterRecipe, Recipe, load_recipe
from .trainer import CHECKPOINT, train

__all__ = ["CHECKPOINT", "EncoderRecipe", "PainterRecipe", "Recipe", "load_recipe", "train"]
