"""Frames of clips for the temporal terms, whose motion is estimated as they are drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from torch import Tensor

from vidstyle.errors import InputError, VidstyleError
from vidstyle.media import open_source
from vidstyle.temporal.flow import flow_estimator
from vidstyle.temporal.occlusion import visible
from vidstyle.temporal.raster import resized

from .pairs import Pair

__all__ = ["Clips"]

SUFFIXES = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".ts", ".webm")


class Clips:
    """The frames of a folder's clips, in memory as uint8, at most `most` of each, short side scaled to `side`."""

    def __init__(
        self, folder: Path, side: int, device: torch.device | str, most: int = 120, note: Callable[[str], None] = print
    ) -> None:
        """InputError where no clip of the folder has two frames. `note` hears of those that cannot be read."""
        self.device = device
        self.estimate = flow_estimator("auto", device)
        self.clips: list[Tensor] = []  # (T, 3, h, w) each
        for path in sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES):
            try:
                frames = list(_frames(path, side, most))
            except VidstyleError as error:
                note(f"left out: {error}")
                continue
            if len(frames) > 1:
                self.clips.append(torch.cat(frames).to(device))
        if not self.clips:
            raise InputError(f"{folder} holds no clip of two frames or more")

    def sample(self, count: int, crop: int, furthest: int) -> Pair:
        """`count` pairs of crops, the later frame 1 … `furthest` frames after the other."""
        firsts, laters = [], []
        for _ in range(count):
            clip = self.clips[int(torch.randint(len(self.clips), ()))]
            apart = int(torch.randint(1, min(furthest, len(clip) - 1) + 1, ()))
            at = int(torch.randint(len(clip) - apart, ()))
            top, left = (int(torch.randint(side - crop + 1, ())) for side in clip.shape[-2:])
            here = (..., slice(top, top + crop), slice(left, left + crop))
            firsts.append(clip[at][here])
            laters.append(clip[at + apart][here])
        first, later = (torch.stack(frames).to(self.device).float() / 255 for frames in (firsts, laters))
        flow = self.estimate(later, first)
        return Pair(first, later, flow, visible(flow, self.estimate(first, later)), filmed=True)


def _frames(path: Path, side: int, most: int) -> Iterable[Tensor]:
    """(1, 3, h, w), uint8."""
    with open_source(path) as source:
        for number, frame in enumerate(source):
            if number == most:
                return
            depth = 1 if frame.rgb.dtype == "uint8" else 257
            pixels = torch.from_numpy((frame.rgb // depth).astype("float32")).permute(2, 0, 1)[None]
            scale = side / min(pixels.shape[-2:])
            size = round(pixels.shape[-2] * scale), round(pixels.shape[-1] * scale)
            yield resized(pixels, size).round().clamp(0, 255).to(torch.uint8)
