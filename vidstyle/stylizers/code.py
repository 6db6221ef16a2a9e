"""A style, ready to be used."""

from __future__ import annotations

from dataclasses import dataclass

from vidstyle.nets import protocol as nets

__all__ = ["StyleCode"]


@dataclass(frozen=True)
class StyleCode:
    """What a way of stylizing knows of a style, and how the style acts."""

    tensors: nets.StyleCode
    strength: float = 1.0
    keep_color: bool = False
