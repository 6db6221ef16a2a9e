"""Pairs of frames for the temporal terms: frames of clips, or pictures and a made-up motion."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from vidstyle.errors import InputError, VidstyleError
from vidstyle.media import open_source
from vidstyle.temporal.flow import flow_estimator
from vidstyle.temporal.losses import away_from_border
from vidstyle.temporal.occlusion import visible
from vidstyle.temporal.random_flow import random_flow
from vidstyle.temporal.raster import resized
from vidstyle.temporal.warp import warp

__all__ = ["Clips", "Pair", "made_up"]

SUFFIXES = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".ts", ".webm")


@dataclass(frozen=True)
class Pair:
    """Frames (N, 3, c, c) in [0, 1] and later ones, the flow (N, 2, c, c) from the later to the earlier, and the mask
    (N, 1, c, c) of what both show. filmed: the light may have changed between them."""

    first: Tensor
    later: Tensor
    flow: Tensor
    mask: Tensor
    filmed: bool


def made_up(pictures: Tensor) -> Pair:
    """Pictures, moved along a made-up motion and with noise added. Source: Wang et al. 2020 (ReReVST), section 3.3."""
    flow = random_flow(len(pictures), *pictures.shape[-2:], device=pictures.device)
    noise = torch.empty(len(pictures), 1, 1, 1, device=pictures.device).uniform_(0.001, 0.02)
    later = (warp(pictures, flow) + noise * torch.randn_like(pictures)).clamp(0, 1)
    return Pair(pictures, later, flow, away_from_border(flow), filmed=False)


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
