"""What it costs and what it saves to change the form of a model: its precision, its width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import torch

from vidstyle.perception import Perceptual
from vidstyle.stylizers import Stylizer

from .pictures import Picture, PictureJudge, judge_model, means
from .speed import interleave

__all__ = ["Form", "judge_forms"]

SIZE = (360, 640)
"""Height and width at which frames are timed."""
ROUNDS = 15


@dataclass(frozen=True)
class Form:
    """bytes: of the file; milliseconds: for a frame of SIZE, by the median; figures: see `pictures`."""

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
) -> list[Form]:
    """Figures of models, each by name, file and precision, on the same pictures, and their speeds, taking turns."""
    # Judged in PyTorch, as the encoder is; timed as it will run.
    painters = [Stylizer(file, device, precision, "pytorch") for _, file, precision in forms]
    judge = PictureJudge(encoder)
    figures = [means([judged for judged, _ in judge_model(painter, judge, contents, styles)]) for painter in painters]
    timed = [Stylizer(file, device, precision) for _, file, precision in forms]
    where = timed[0].device
    frame = torch.rand(1, 3, *SIZE, device=where)
    codes = [painter.encode_style(styles[0].pixels.cpu()) for painter in timed]
    calls = [partial(painter, frame, code) for painter, code in zip(timed, codes, strict=True)]
    times = interleave(calls, where, ROUNDS)
    return [
        Form(name, file.stat().st_size, painter.model.card.parameters, 1e3 * median(seconds), found)
        for (name, file, _), painter, seconds, found in zip(forms, painters, times, figures, strict=True)
    ]
