"""How steady a painted clip is, and what that cost.

Sources: Lai et al. 2018, section 4 (warping error), with the occlusion rule of Ruder et al. 2016. A blur or less style
would make any of these smaller, so sharpness, style and content distances are measured beside them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.errors import InputError
from vidstyle.perception import LPIPS, Perceptual, content_distance, moments_of, statistics_distance, total_variation
from vidstyle.temporal.raster import luma
from vidstyle.temporal.warp import warp

from .clips import Clip, Motion

__all__ = [
    "TEMPORAL_FIGURES",
    "Steadiness",
    "flicker",
    "judge_steadiness",
    "roughness",
    "warping_error",
    "warping_errors",
]

TEMPORAL_FIGURES = {
    "warping_1": "squared difference of a frame and the next one moved back, where both show the same; × 1000",
    "warping_10": "the same over ten frames; × 1000",
    "lpips_1": "LPIPS-like distance of a frame and the next one moved back",
    "lpips_10": "the same over ten frames",
    "flicker": "energy of luma above 4 Hz along the tracks of moving points, over that of the content",
    "style": "means and deviations at relu1_1 … relu4_1, squared difference to the style",
    "content": "instance-normalised relu4_1, squared difference to the content",
    "sharpness": "mean gradient over that of the same model painting frame by frame; below 1 is softer",
}
FAST = 4.0
"""Hertz from which on a change of luma is flicker."""
TRACK, SPACING = 32, 4
"""Frames that a point is followed, and pixels between points."""
JUDGED_EVERY, COMPARED_EVERY = 8, 4
"""Distances to style and content are taken of every so many frames, and LPIPS of every so many pairs."""


@dataclass(frozen=True)
class Steadiness:
    """The figures of one clip painted by one model at one level; see TEMPORAL_FIGURES."""

    model: str
    level: str
    clip: str
    style: str
    figures: dict[str, float]
    over_time: list[float | None]
    """Warping errors from frame to frame, × 1000; None where nothing can be compared."""


def warping_errors(frames: Sequence[Tensor], known: Iterable[Motion], interval: int) -> list[float | None]:
    """Mean squared difference of every frame and the one `interval` later moved back, where both show the same.

    frames: (1, 3, H, W) in [0, 1], painted or not; known: the motions of their contents. None where no pixel is seen
    twice.
    """
    errors: list[float | None] = []
    for first, second, (flow, mask) in zip(frames, frames[interval:], known, strict=False):
        squares = (warp(second, flow) - first).square().mean(1, keepdim=True)
        errors.append(((mask * squares).sum() / mask.sum()).item() if mask.any() else None)
    return errors


def warping_error(frames: Sequence[Tensor], known: Iterable[Motion], interval: int) -> float:
    """The mean of `warping_errors`. InputError where no pair of frames can be compared."""
    errors = [error for error in warping_errors(frames, known, interval) if error is not None]
    if not errors:
        raise InputError(f"no two frames {interval} apart show the same thing")
    return fmean(errors)


def flicker(frames: Sequence[Tensor], known: Sequence[Motion], rate: float) -> float:
    """Energy of luma above 4 Hz along the tracks of points that stay in view for TRACK frames, mean over the tracks.

    known: the motions from frame to frame; rate: frames per second. Not a number where no point stays in view, or
    where the rate cannot show such changes.
    """
    energies = []
    for start in range(0, len(frames) - TRACK + 1, TRACK):
        tracks = _tracks([luma(frame) for frame in frames[start : start + TRACK]], known[start : start + TRACK - 1])
        if tracks.shape[1]:
            spectrum = torch.fft.rfft(tracks - tracks.mean(0), dim=0).abs().square()  # (F, P)
            hertz = torch.fft.rfftfreq(TRACK, 1 / rate)
            energies.append(spectrum[hertz >= FAST].sum(0).mean().item() / TRACK**2)
    return fmean(energies) if energies and rate > 2 * FAST else math.nan


def _tracks(grays: list[Tensor], known: Sequence[Motion]) -> Tensor:
    """Luma of the points that stay in view, (T, P)."""
    height, width = grays[0].shape[-2:]
    y, x = torch.meshgrid(torch.arange(0.0, height, SPACING), torch.arange(0.0, width, SPACING), indexing="ij")
    at = torch.stack([x, y], -1)[None]  # (1, h, w, 2)
    size = torch.tensor([width, height])

    def read(picture: Tensor) -> Tensor:
        where = (2 * at + 1) / size - 1
        return F.grid_sample(picture, where, mode="bilinear", padding_mode="border", align_corners=False)

    values, seen = [read(grays[0])], torch.ones(1, 1, *at.shape[1:3], dtype=torch.bool)
    for gray, (flow, mask) in zip(grays[1:], known, strict=False):
        seen &= read(mask) > 0.99
        at = at + read(flow).permute(0, 2, 3, 1)
        values.append(read(gray))
    return torch.cat(values)[:, 0].flatten(1)[:, seen.flatten()]


def roughness(frames: Sequence[Tensor]) -> float:
    """Mean gradient over all frames."""
    return fmean(total_variation(frame).item() for frame in frames)


@torch.inference_mode()
def judge_steadiness(
    clip: Clip, painted: Sequence[Tensor], style: Tensor | None, encoder: Perceptual | None, lpips: LPIPS | None
) -> tuple[dict[str, float], list[float | None]]:
    """The figures of a painted clip but for sharpness, and its warping errors over time.

    style: (1, 3, h, w), or None where it is not known. Figures that cannot be had are left out.
    """
    figures = {}
    over_time = [error and 1000 * error for error in warping_errors(painted, clip.motions[1], 1)]
    for interval, known in clip.motions.items():
        pairs = [
            (first, second, flow)
            for first, second, (flow, mask) in zip(painted, painted[interval:], known, strict=False)
            if mask.any()
        ]
        if pairs:
            figures[f"warping_{interval}"] = 1000 * warping_error(painted, known, interval)
        if pairs and lpips is not None:
            found = [lpips(warp(second, flow), first).item() for first, second, flow in pairs[::COMPARED_EVERY]]
            figures[f"lpips_{interval}"] = fmean(found)
    floor = flicker(clip.frames, clip.motions[1], clip.rate)
    if floor > 0:
        figures["flicker"] = flicker(painted, clip.motions[1], clip.rate) / floor
    if encoder is not None:
        target = None if style is None else moments_of(encoder(style, exact=True))
        styles, contents = [], []
        for number in range(0, len(painted), JUDGED_EVERY):
            features = encoder(painted[number], exact=True)
            contents.append(content_distance(features, encoder(clip.frames[number])).item())
            if target is not None:
                styles.append(statistics_distance(moments_of(features), target).item())
        figures["content"] = fmean(contents)
        if styles:
            figures["style"] = fmean(styles)
    return {name: figures[name] for name in TEMPORAL_FIGURES if name in figures}, over_time
