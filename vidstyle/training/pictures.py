"""Training pictures, all in memory as uint8, cropped and flipped on the compute device."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from kornia.augmentation import (
    AugmentationSequential,
    ColorJiggle,
    RandomAffine,
    RandomHorizontalFlip,
    RandomResizedCrop,
)
from torch import Tensor

from vidstyle.errors import InputError
from vidstyle.pictures import load_squares

__all__ = ["Pictures", "alike", "held_out"]

THUMBNAIL = 24
SAME = 0.85
"""Correlation of thumbnails from which on two pictures count as one; unlike pictures stay below 0.8."""


def held_out(paths: list[Path], count: int) -> tuple[list[Path], list[Path]]:
    """Split evenly by name: (for training, `count` for evaluation, but at most a quarter)."""
    count = min(count, len(paths) // 4)
    kept = {paths[i * len(paths) // count] for i in range(count)} if count else set()
    return [path for path in paths if path not in kept], sorted(kept)


def alike(pictures: Tensor, others: Tensor) -> Tensor:
    """Which of `pictures` (N, 3, s, s) are among `others` (M, 3, s, s), perhaps scaled or coded anew: (N,) bool."""
    ours, theirs = _thumbnails(pictures), _thumbnails(others)
    return ((ours @ theirs.T) > SAME).any(dim=1)


def _thumbnails(pictures: Tensor) -> Tensor:
    """(N, 3, s, s) -> (N, K), centred and of length one."""
    parts = [F.adaptive_avg_pool2d(part.float(), THUMBNAIL).flatten(1) for part in pictures.split(64)]
    flat = torch.cat(parts)
    return F.normalize(flat - flat.mean(dim=1, keepdim=True))


class Pictures:
    """A set of pictures that yields random crops.

    Pictures are kept as one uint8 tensor (N, 3, side, side) on `device`: short side scaled to `side`, the middle kept.
    A crop shows at least the share `zoom` of its picture's area. `damaged` has one line for each picture that cannot
    be read.
    """

    def __init__(
        self, paths: Iterable[Path], side: int, device: torch.device | str, zoom: float = 1.0, enlarge: bool = True
    ) -> None:
        """enlarge: whether crops may have more pixels than the part of the picture that they show."""
        squares, self.damaged = load_squares(paths, side)
        if not squares:
            raise InputError(f"none of the pictures can be read: {self.damaged[0]}")
        loaded = [torch.from_numpy(square) for square in squares.values()]
        self.pixels = torch.stack(loaded).permute(0, 3, 1, 2).contiguous().to(device)  # (N, 3, side, side)
        self.zoom, self.enlarge = zoom, enlarge
        self.variations: list[Any] = []
        self.crops: dict[int, AugmentationSequential] = {}

    def vary(self, rotation: float = 0.0, colour: float = 0.0) -> None:
        """Turn crops by at most so many degrees, and change brightness, contrast and saturation by at most so much."""
        if rotation:
            # What is turned in from outside is the picture reflected, not black.
            self.variations.append(RandomAffine(rotation, padding_mode="reflection", p=1.0))
        if colour:
            self.variations.append(ColorJiggle(colour, colour, colour, 0.0, p=1.0))

    def leave_out(self, others: Pictures) -> int:
        """Drop the pictures that are also among `others`; returns how many. InputError where none is left."""
        drop = alike(self.pixels, others.pixels)
        if drop.all():
            raise InputError("every training picture is also held out")
        self.pixels = self.pixels[~drop]
        return int(drop.sum())

    def add(self, pictures: Tensor) -> None:
        """More of them, (N, 3, side, side) uint8."""
        self.pixels = torch.cat([self.pixels, pictures.to(self.pixels)])

    def __len__(self) -> int:
        return len(self.pixels)

    def spread(self, count: int) -> Tensor:
        """At most `count` whole pictures, evenly spread over the set: (count, 3, side, side) in [0, 1]."""
        count = min(count, len(self.pixels))
        return self.pixels[torch.arange(count) * len(self.pixels) // count].float() / 255

    def sample(self, count: int, crop: int) -> Tensor:
        """`count` random crops, (count, 3, crop, crop) in [0, 1]."""
        index = torch.randint(len(self.pixels), (count,)).to(self.pixels.device)
        if crop not in self.crops:
            self.crops[crop] = self._cropping(crop)
        return self.crops[crop](self.pixels[index].float() / 255)

    def _cropping(self, crop: int) -> AugmentationSequential:
        least = self.zoom if self.enlarge else max(self.zoom, min(1.0, (crop / self.pixels.shape[-1]) ** 2))
        # Slices are sharper and cost a CPU less; a GPU would wait for each of them.
        mode = "slice" if self.pixels.device.type == "cpu" else "resample"
        return AugmentationSequential(
            RandomResizedCrop((crop, crop), scale=(least, 1.0), ratio=(1.0, 1.0), cropping_mode=mode),
            RandomHorizontalFlip(),
            *self.variations,
            data_keys=["input"],
        )
