"""What it costs and what it saves to change the form of a model: its precision, its width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean, median

import torch

from vidstyle.perception import LPIPS, Perceptual, content_distance, gram_distance, moments_of, statistics_distance
from vidstyle.stylizers import StyleCode, Stylizer
from vidstyle.temporal.losses import inside, steadiness
from vidstyle.temporal.random_flow import random_flow
from vidstyle.temporal.warp import warp

from .domains import likeness
from .pictures import Picture, PictureJudge, judge_model, means
from .speed import interleave

__all__ = ["Form", "judge_forms"]

SIZE = (360, 640)
"""Height and width at which frames are timed."""
ROUNDS, FEWEST, SECONDS = 15, 3, 20.0
"""Turns, at most and at least, and about how long they may take together."""


@dataclass(frozen=True)
class Form:
    """bytes: of the file; milliseconds: for a frame of SIZE, by the median; figures: see `judge_forms`."""

    name: str
    bytes: int
    parameters: int
    milliseconds: float
    figures: dict[str, float]


def judge_forms(
    forms: Sequence[tuple[str, Path, str]],
    contents: Sequence[Picture],
    styles: Sequence[Picture],
    encoder: Perceptual,
    device: str = "auto",
    lpips: LPIPS | None = None,
) -> list[Form]:
    """Figures of models, each by name, file and precision, on the same pictures, and their speeds, taking turns.

    Of models that paint in any style those of `pictures`. Of models with one style psnr (dB), ssim and lpips to what
    the first one paints of the same content, content and unsteadiness, and where there are styles style and gram.
    """
    # Judged in PyTorch, as the encoder is; timed as it will run.
    painters = [Stylizer(file, device, precision, "pytorch") for _, file, precision in forms]
    if painters[0].fixed_style:
        figures = _likenesses(painters, contents, styles, encoder, lpips)
    else:
        judge = PictureJudge(encoder)
        pairs = [judge_model(painter, judge, contents, styles) for painter in painters]
        figures = [means([judged for judged, _ in found]) for found in pairs]
    timed = [Stylizer(file, device, precision) for _, file, precision in forms]
    where = timed[0].device
    frame = torch.rand(1, 3, *SIZE, device=where)
    codes = [painter.encode_style(styles[0].pixels.cpu() if styles else None) for painter in timed]
    calls = [partial(painter, frame, code) for painter, code in zip(timed, codes, strict=True)]
    times = interleave(calls, where, FEWEST)
    rounds = min(ROUNDS, round(FEWEST * SECONDS / max(1e-6, sum(map(sum, times)))))
    if rounds > FEWEST:
        times = interleave(calls, where, rounds)
    return [
        Form(name, file.stat().st_size, painter.model.card.parameters, 1e3 * median(seconds), found)
        for (name, file, _), painter, seconds, found in zip(forms, painters, times, figures, strict=True)
    ]


@torch.inference_mode()
def _likenesses(
    painters: Sequence[Stylizer],
    contents: Sequence[Picture],
    styles: Sequence[Picture],
    encoder: Perceptual,
    lpips: LPIPS | None,
) -> list[dict[str, float]]:
    """The figures of painters with one style; means over the contents and the styles."""
    rows: list[list[dict[str, float]]] = [[] for _ in painters]
    targets = [moments_of(encoder(style.pixels, exact=True)) for style in styles]
    code = StyleCode(())
    for index, content in enumerate(contents):
        pixels = content.pixels
        flow = random_flow(1, *pixels.shape[-2:], generator=torch.Generator().manual_seed(index)).to(pixels.device)
        moved = warp(pixels, flow).clamp(0, 1)
        shapes = encoder(pixels)
        first = None
        for painter, found in zip(painters, rows, strict=True):
            painted, again = (painter(x, code).to(pixels.device) for x in (pixels, moved))
            figures = {}
            if first is None:
                first = painted
            else:
                figures = likeness(painted, first)
                if lpips is not None:
                    figures["lpips"] = lpips(painted, first).item()
            features = encoder(painted, exact=True)
            if targets:
                seen = moments_of(features)
                figures["style"] = fmean(statistics_distance(seen, target).item() for target in targets)
                figures["gram"] = fmean(gram_distance(seen, target).item() for target in targets)
            figures["content"] = content_distance(features, shapes).item()
            figures["unsteadiness"] = steadiness(painted, again, flow, inside(flow)).item()
            found.append(figures)
    return [{name: fmean(row[name] for row in found) for name in found[0]} for found in rows]
