"""Frames of clips for the temporal terms, whose motion is estimated as they are drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from vidstyle.errors import InputError, VidstyleError
from vidstyle.media import as_tensors, list_clips, open_source
from vidstyle.temporal.cuts import same_shot
from vidstyle.temporal.flow import flow_estimator
from vidstyle.temporal.occlusion import flow_seen
from vidstyle.temporal.raster import resized

from .pairs import Pair

__all__ = ["Clips"]

EACH, TOTAL = 120, 4 * 1024**3
"""Frames of a clip, and bytes in all, that are kept."""


class Clips:
    """The shots of a folder's clips, in memory as uint8, short side scaled to `side`; at most EACH frames of a clip."""

    def __init__(
        self, folder: Path, side: int, device: torch.device | str, note: Callable[[str], None] = lambda text: None
    ) -> None:
        """InputError where no clip of the folder has two frames. `note` hears of those that are left out."""
        self.device = device
        self.estimate = flow_estimator("auto", device)
        self.shots: list[Tensor] = []  # (T, 3, h, w) each
        room = TOTAL
        for path in list_clips(folder):
            try:
                shots = [torch.cat(shot).to(device) for shot in self._shots(path, side) if len(shot) > 1]
            except VidstyleError as error:
                note(f"left out: {error}")
                continue
            room -= sum(shot.numel() for shot in shots)
            if room < 0:
                note(f"left out: {path} and all after it, for {TOTAL // 1024**3} GB of frames are enough")
                break
            self.shots += shots
        if not self.shots:
            raise InputError(f"{folder} holds no clip of two frames or more")

    def __len__(self) -> int:
        return len(self.shots)

    def _shots(self, path: Path, side: int) -> list[list[Tensor]]:
        shots: list[list[Tensor]] = []
        for frame in _frames(path, side):
            last = shots[-1][-1] if shots else None
            if last is not None and same_shot(last.float() / 255, frame.float() / 255, self.estimate):
                shots[-1].append(frame)
            else:
                shots.append([frame])
        return shots

    def sample(self, count: int, crop: int, furthest: int) -> Pair:
        """`count` pairs of crops, the later frame 1 … `furthest` frames after the other."""
        firsts, laters = [], []
        for _ in range(count):
            shot = self.shots[int(torch.randint(len(self.shots), ()))]
            apart = int(torch.randint(1, min(furthest, len(shot) - 1) + 1, ()))
            at = int(torch.randint(len(shot) - apart, ()))
            top, left = (int(torch.randint(side - crop + 1, ())) for side in shot.shape[-2:])
            here = (..., slice(top, top + crop), slice(left, left + crop))
            firsts.append(shot[at][here])
            laters.append(shot[at + apart][here])
        first, later = (torch.stack(frames).to(self.device).float() / 255 for frames in (firsts, laters))
        return Pair(first, later, *flow_seen(self.estimate, later, first), filmed=True)


def _frames(path: Path, side: int) -> Iterable[Tensor]:
    """(1, 3, h, w), uint8."""
    with open_source(path) as source:
        for pixels in islice(as_tensors(source), EACH):
            scale = side / min(pixels.shape[-2:])
            size = round(pixels.shape[-2] * scale), round(pixels.shape[-1] * scale)
            yield resized(pixels, size).clamp(0, 1).mul(255).round().to(torch.uint8)
