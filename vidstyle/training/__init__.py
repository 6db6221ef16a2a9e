"""The workshop that makes weights."""

from .recipe import CycleRecipe, DcganRecipe, EncoderRecipe, FastRecipe, PainterRecipe, Recipe, load_recipe
from .trainer import CHECKPOINT, train

__all__ = [
    "CHECKPOINT",
    "CycleRecipe",
    "DcganRecipe",
    "EncoderRecipe",
    "FastRecipe",
    "PainterRecipe",
    "Recipe",
    "load_recipe",
    "train",
]
