"""How pictures look to a net: the perceptual encoder, and distances between what it sees."""

from .distances import (
    content_distance,
    contrastive_distance,
    feature_distance,
    gram_distance,
    halos,
    moments_of,
    sliced_distance,
    statistics_distance,
    total_variation,
)
from .encoder import Perceptual, load_glance, load_perceptual
from .lpips import LPIPS, load_lpips

__all__ = [
    "LPIPS",
    "Perceptual",
    "content_distance",
    "contrastive_distance",
    "feature_distance",
    "gram_distance",
    "halos",
    "load_glance",
    "load_lpips",
    "load_perceptual",
    "moments_of",
    "sliced_distance",
    "statistics_distance",
    "total_variation",
]
