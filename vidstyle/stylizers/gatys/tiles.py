"""Look at a large picture piece by piece, and see what is seen in the whole.

A piece comes with as much around it as an encoder sees, and begins where the encoder's smallest grid does; what is seen
inside it is then what is seen there in the whole picture.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

__all__ = ["SMALLEST", "Tile", "tiles"]

GRID = 16
"""Pixels that one position of relu5_1 stands for."""
AROUND = 96
"""Pixels on each side of a position of relu5_1 that can change it: 86, in whole steps of the grid."""
SMALLEST = 256
"""Side of the smallest tiles; with what is around them they are then already three times as large."""


@dataclass(frozen=True)
class Tile:
    """A piece of a picture: rows `top` to `bottom`, columns `left` to `right`, and what lies around."""

    top: int
    bottom: int
    left: int
    right: int

    def cut(self, picture: Tensor) -> Tensor:
        """The piece of a picture (N, 3, H, W), with its surroundings; a view."""
        top, left = self._corner
        return picture[..., top : self.bottom + AROUND, left : self.right + AROUND]

    def inner(self, features: Tensor, stride: int) -> Tensor:
        """Of features (N, C, h, w) of the piece with its surroundings: its own. stride: pixels to a position."""
        top, left = self._corner
        rows = slice((self.top - top) // stride, -(-(self.bottom - top) // stride))
        return features[..., rows, (self.left - left) // stride : -(-(self.right - left) // stride)]

    def of(self, features: Tensor, stride: int) -> Tensor:
        """Of features (N, C, h, w) of the whole picture: the piece's own."""
        rows = slice(self.top // stride, -(-self.bottom // stride))
        return features[..., rows, self.left // stride : -(-self.right // stride)]

    @property
    def _corner(self) -> tuple[int, int]:
        """Row and column where the surroundings begin."""
        return max(0, self.top - AROUND), max(0, self.left - AROUND)


def tiles(height: int, width: int, side: int) -> list[Tile]:
    """Pieces of at most `side` × `side` pixels, down to GRID, that cover a picture once."""
    step = max(GRID, side // GRID * GRID)
    return [
        Tile(top, min(height, top + step), left, min(width, left + step))
        for top in range(0, height, step)
        for left in range(0, width, step)
    ]
