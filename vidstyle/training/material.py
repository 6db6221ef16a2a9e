"""The pictures that a run learns from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from vidstyle.pictures import list_pictures, load_image, load_squares, short_side

from .abstract import abstract
from .pictures import Pictures, held_out
from .recipe import CycleRecipe, DcganRecipe, DistilRecipe, FastRecipe, PainterRecipe, Recipe

__all__ = ["Material", "gather"]

FEW = 50
"""Fewer pictures than these a net learns by heart."""


@dataclass
class Material:
    """contents, styles: what is sampled from; shown: contents (N, 3, H, W) for the sheets, which training never sees if
    any were kept; style: the one style (1, 3, h, w) of a recipe for one. notes: a line for each picture left out, and
    for each folder of few."""

    contents: Pictures
    styles: Pictures
    shown: Tensor
    style: Tensor | None = None
    unseen: int = 0
    """Pictures that are left out because they are evaluated with."""
    notes: list[str] = field(default_factory=list)


def gather(recipe: Recipe, photos: Path, paintings: Path, unseen: Path | None, device: torch.device | str) -> Material:
    """Read them. paintings: a folder, or the style picture of a recipe for one; not read for a DistilRecipe."""
    if isinstance(recipe, DcganRecipe):
        both = Pictures(list_pictures(paintings), recipe.side, device, recipe.style_zoom, enlarge=False)
        material = Material(both, both, both.spread(4), notes=[f"left out: {line}" for line in both.damaged])
        if unseen is not None:
            material.unseen = both.leave_out(Pictures(list_pictures(unseen), recipe.side, device))
        material.notes += _few(paintings, both)
        return material
    paths, kept = held_out(list_pictures(photos), recipe.holdout)
    contents = Pictures(paths, recipe.side, device, recipe.content_zoom)
    style = None
    if isinstance(recipe, FastRecipe):
        pixels = torch.from_numpy(load_image(paintings)).permute(2, 0, 1)[None] / 255
        style = short_side(pixels, recipe.style_side).to(device)
    if isinstance(recipe, DistilRecipe):
        styles = contents
    else:
        # An enlarged painting would have softer strokes than its style.
        pictures = [paintings] if style is not None else list_pictures(paintings)
        styles = Pictures(pictures, recipe.side, device, recipe.style_zoom, enlarge=False)
    if isinstance(recipe, CycleRecipe):
        for pictures_of_a_domain in (contents, styles):
            pictures_of_a_domain.vary(recipe.rotation, recipe.colour)
    many = style is None and styles is not contents
    # Contents that training never sees, if any were kept and can be read.
    squares, damaged = load_squares(kept, recipe.side)
    seen = [torch.from_numpy(square).permute(2, 0, 1) / 255 for square in list(squares.values())[:4]]
    shown = torch.stack(seen).to(device) if seen else contents.spread(4)
    lost = contents.damaged + (styles.damaged if styles is not contents else []) + damaged
    notes = [f"left out: {line}" for line in lost]
    material = Material(contents, styles, shown, style, notes=notes)
    if unseen is not None:
        aside = Pictures(list_pictures(unseen), recipe.side, device)
        material.unseen = contents.leave_out(aside) + (styles.leave_out(aside) if many else 0)
    material.notes += _few(photos, contents) + (_few(paintings, styles) if many else [])
    if isinstance(recipe, PainterRecipe) and recipe.abstract:
        real = styles.pixels.permute(0, 2, 3, 1).cpu().numpy()  # (N, side, side, 3)
        made = abstract(real, round(recipe.abstract / (1 - recipe.abstract) * len(real)), recipe.seed)
        styles.add(torch.from_numpy(made).permute(0, 3, 1, 2))
    return material


def _few(folder: Path, pictures: Pictures) -> list[str]:
    if len(pictures) >= FEW:
        return []
    return [f"there is little to learn from {folder}: pictures to train on: {len(pictures)}; give some hundreds"]
