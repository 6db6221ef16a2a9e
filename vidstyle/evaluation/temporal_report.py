"""The report about steadiness: a table, errors over time, slices through time, the clips side by side."""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
import torch
from torch import Tensor

from vidstyle.media.preview import preview
from vidstyle.pictures import as_image

from .page import definitions, jpeg, plain, svg, table, write_page
from .steadiness import TEMPORAL_FIGURES, Steadiness

__all__ = ["Shown", "mean_rows", "write_temporal_report"]

SHOWN_SIDE = 360
"""Longer side, in pixels, of the clips in the report."""


@dataclass(frozen=True)
class Shown:
    """A clip as it is in the report: what was painted, beside each other, and what of it is a slice through time."""

    title: str
    video: bytes
    slices: dict[str, str]
    """By column, as data URLs: time goes down, one row of every frame."""

    @classmethod
    def of(cls, title: str, rate: float, columns: Mapping[str, Sequence[Tensor]]) -> Shown:
        """columns: frames (1, 3, H, W) in [0, 1] by name, all of one size and number."""
        slices = {}
        for name, frames in columns.items():
            rows = torch.cat([frame[0, :, frame.shape[-2] // 2] for frame in frames], 1)  # (3, T·W)
            lines = rows.unflatten(1, (len(frames), -1))  # (3, T, W)
            slices[name] = jpeg(as_image(lines.repeat_interleave(3, 1)))
        together = (torch.cat(list(row), -1)[0] for row in zip(*columns.values(), strict=True))
        video = preview((_small(pixels, len(columns)) for pixels in together), rate)
        return cls(title, video, slices)


def _small(pixels: Tensor, columns: int) -> np.ndarray:
    image = as_image(pixels)
    image.thumbnail((SHOWN_SIDE * columns, SHOWN_SIDE))
    return np.asarray(image)


def mean_rows(found: Sequence[Steadiness]) -> dict[tuple[str, str], dict[str, float]]:
    """Means over clips and styles by (model, level), and how many times the warping errors of the level "off"."""
    rows: dict[tuple[str, str], dict[str, float]] = {}
    for key in dict.fromkeys((one.model, one.level) for one in found):
        own = [one.figures for one in found if (one.model, one.level) == key]
        rows[key] = {
            name: fmean(values)
            for name in TEMPORAL_FIGURES
            if (values := [figures[name] for figures in own if not math.isnan(figures.get(name, math.nan))])
        }
    for (model, _), row in rows.items():
        base = rows.get((model, "off"))
        if base:
            both = [name for name in ("warping_1", "warping_10") if base.get(name) and name in row]
            row |= {f"{name} ratio": row[name] / base[name] for name in both}
    return rows


def write_temporal_report(path: Path, found: Sequence[Steadiness], shown: Sequence[Shown], judge: str) -> None:
    """Write the report over whatever `path` was. judge: what judged, in words. Errors: those of `check_report`."""
    rows = mean_rows(found)
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    clips = list(dict.fromkeys(one.clip for one in found))
    cells = [
        [html.escape(f"{model} · {level}"), *(f"{row[name]:.3f}" if name in row else "–" for name in names)]
        for (model, level), row in rows.items()
    ]
    parts = [
        "<h1>Steadiness</h1>",
        f"<p>{len(clips)} clips, means over clips and styles; judged by {html.escape(judge)}. A ratio is over the same "
        "model painting frame by frame. Steadiness alone says little: a blur is steady.</p>",
        table(["", *names], cells),
        definitions(TEMPORAL_FIGURES),
        f'<div class="plots">{"".join(_plot(clip, found) for clip in clips)}</div>',
    ]
    for one in shown:
        video = base64.b64encode(one.video).decode()
        parts.append(f"<h2>{html.escape(one.title)}</h2><p>{html.escape(' · '.join(one.slices))}</p>")
        parts.append(f'<video controls loop muted src="data:video/mp4;base64,{video}"></video>')
        for name, url in one.slices.items():
            parts.append(
                f'<p><small>{html.escape(name)}: one row, time goes down</small></p><img class="wide" src="{url}">'
            )
    write_page(path, "Steadiness", parts)


def _plot(clip: str, found: Sequence[Steadiness]) -> str:
    """Warping error from frame to frame, mean over styles."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5, 3.2), layout="constrained")
    axes = figure.subplots()
    for model, level in dict.fromkeys((one.model, one.level) for one in found):
        curves = [one.over_time for one in found if (one.model, one.level, one.clip) == (model, level, clip)]
        if curves:
            mean = np.array(curves, float).mean(axis=0)  # not a number where nothing can be compared
            axes.plot(mean, label=plain(f"{model} {level}").lstrip("_"), linewidth=1)
    axes.set(xlabel="frame", ylabel="warping error × 1000", title=plain(clip))
    axes.set_yscale("log")
    axes.legend(fontsize=7)
    return svg(figure)
