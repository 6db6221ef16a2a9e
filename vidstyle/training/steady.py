"""The temporal terms of a run: the pairs of pictures they are about, and what it costs that paintings do not follow.

Sources: Gao et al. 2018 (ReCoNet); Ruder et al. 2018 (frames further apart); Wang et al. 2020 (made-up motion).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from torch import Tensor, nn

from vidstyle.temporal.losses import feature_steadiness, steadiness

from .pairs import Pair, made_up
from .pictures import Pictures
from .recipe import SteadyRecipe

if TYPE_CHECKING:
    from .clips import Clips

__all__ = ["draw_pair", "temporal_terms", "watched"]


def draw_pair(
    recipe: SteadyRecipe, step: int, batch: int, crop: int, contents: Pictures, clips: Clips | None
) -> Pair | None:
    """What the temporal terms of a step are about, frames of a clip or contents that are moved; None if it has none."""
    number, rest = divmod(step, recipe.temporal_every)
    if rest or not recipe.steadied:
        return None
    if clips is not None and number % recipe.clips_every == 0:
        return clips.sample(batch, crop, recipe.furthest)
    return made_up(contents.sample(batch, crop))


def temporal_terms(
    recipe: SteadyRecipe, pair: Pair, painted: list[Tensor], halfway: list[Tensor], stride: int
) -> dict[str, Tensor]:
    """The terms that the recipe gives a weight.

    painted: paintings of the pair, (N, 3, c, c) each; halfway: what the net computes of both at 1/stride of their size.
    """
    found = {}
    if recipe.temporal > 0:
        lit = (pair.first, pair.later) if pair.filmed else None
        one, other = (pictures.float() for pictures in painted)
        found["temporal"] = steadiness(one, other, pair.flow, pair.mask, lit)
    if recipe.temporal_features > 0:
        one, other = (features.float() for features in halfway)
        found["temporal_features"] = feature_steadiness(one, other, pair.flow, pair.mask, stride)
    return found


@contextmanager
def watched(layer: nn.Module) -> Iterator[list[Tensor]]:
    """What a layer computes meanwhile, call by call. It is let go in the end: a copy of a net must not carry a hook."""
    seen: list[Tensor] = []
    hook = layer.register_forward_hook(lambda layer, inputs, features: seen.append(features))
    try:
        yield seen
    finally:
        hook.remove()
