"""The workshop that makes weights."""

from .recipe import EncoderRecipe, FastRecipe, PainterRecipe, Recipe, load_recipe
from .trainer import CHECKPOINT, train

__all__ = ["CHECKPOINT", "EncoderRecipe", "FastRecipe", "PainterRecipe", "Recipe", "load_recipe", "train"]
