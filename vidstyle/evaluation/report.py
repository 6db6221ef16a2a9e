"""The report about pictures: a table, plots, the paintings."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image
from torch import Tensor

from vidstyle.pictures import as_image

from .page import definitions, jpeg, plain, svg, table, write_page
from .pictures import FIGURES, Judged, Picture, means

__all__ = ["Evaluated", "write_report"]

THUMBNAIL = 192
CLOSER_IS_LARGER = {"ssim", "is"}


@dataclass
class Evaluated:
    """One model's figures, its card's facts in words, and its paintings by (content, style)."""

    name: str
    facts: str
    judged: list[Judged] = field(default_factory=list)
    paintings: dict[tuple[str, str], str] = field(default_factory=dict)
    """Thumbnails as data URLs."""
    together: dict[str, float] = field(default_factory=dict)
    """Figures of all paintings as one set."""

    @property
    def figures(self) -> dict[str, float]:
        """Means over the pairs, and those of the set."""
        return means(self.judged) | self.together

    def add(self, judged: Judged, painted: Tensor) -> None:
        self.judged.append(judged)
        self.paintings[judged.content, judged.style] = thumbnail(painted)


def thumbnail(pixels: Tensor) -> str:
    """(1, 3, H, W) in [0, 1] -> a JPEG data URL."""
    image = as_image(pixels[0])
    image.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    return jpeg(image)


def write_report(
    path: Path, models: Sequence[Evaluated], contents: Sequence[Picture], styles: Sequence[Picture], judge: str
) -> None:
    """Write the report over whatever `path` was. judge: what judged, in words. Errors: those of `check_report`."""
    pairs = len(contents) * len(styles)
    names = [model.name for model in models]
    parts = [
        f"<h1>{html.escape(' · '.join(names))}</h1>",
        f"<p>{len(contents)} contents × {len(styles)} styles = {pairs} pairs, means over the pairs; "
        f"judged by {html.escape(judge)}.</p>",
        _table(models),
        definitions(FIGURES),
        f'<div class="plots">{_plots(models, [style.name for style in styles])}</div>',
        *(_sheet(model, contents, styles) for model in models),
    ]
    write_page(path, " and ".join(names), parts)


def _table(models: Sequence[Evaluated]) -> str:
    columns = {model.name: model.figures for model in models}
    names = [name for name in FIGURES if all(name in figures for figures in columns.values())]
    rows = []
    for model in models:
        cells = [f"{html.escape(model.name)}<br><small>{html.escape(model.facts)}</small>"]
        for name in names:
            values = [figures[name] for figures in columns.values()]
            best = max(values) if name in CLOSER_IS_LARGER else min(values)
            value = columns[model.name][name]
            cells.append(f"{'*' if value == best and name != 'variation' else ''}{value:.3f}")
        rows.append(cells)
    if len(models) == 2:
        first, second = columns.values()
        ratios = [f"{first[name] / second[name]:.2f}×" for name in names]
        rows.append([f"{html.escape(models[0].name)} / {html.escape(models[1].name)}", *ratios])
    return table(["model", *names], rows)


def _plots(models: Sequence[Evaluated], styles: Sequence[str]) -> str:
    from matplotlib.figure import Figure

    scatter = Figure(figsize=(5, 4.2), layout="constrained")
    axes = scatter.subplots()
    for model in models:
        x, y = ([pair.figures[name] for pair in model.judged] for name in ("style", "content"))
        axes.scatter(x, y, s=9, alpha=0.6, label=plain(model.name).lstrip("_"))
    axes.set(xlabel="style distance", ylabel="content distance", title="every pair; lower left is better")
    axes.legend()

    bars = Figure(figsize=(max(5.0, 0.6 * len(styles) + 2), 4.2), layout="constrained")
    axes = bars.subplots()
    width = 0.8 / len(models)
    for number, model in enumerate(models):
        heights = [means([pair for pair in model.judged if pair.style == style])["style"] for style in styles]
        axes.bar(
            [at + number * width for at in range(len(styles))], heights, width, label=plain(model.name).lstrip("_")
        )
    labels = [plain(style) for style in styles]
    axes.set_xticks([at + 0.4 - width / 2 for at in range(len(styles))], labels, rotation=60, ha="right", fontsize=8)
    axes.set(ylabel="style distance", title="by style")
    axes.legend()
    return svg(scatter) + svg(bars)


def _sheet(model: Evaluated, contents: Sequence[Picture], styles: Sequence[Picture]) -> str:
    """Styles across the top, contents down the left."""

    def cell(url: str, title: str) -> str:
        return f'<img src="{url}" title="{html.escape(title)}" alt="{html.escape(title)}">'

    cells = ["<span></span>", *(cell(thumbnail(style.pixels), style.name) for style in styles)]
    for content in contents:
        cells.append(cell(thumbnail(content.pixels), content.name))
        cells += [cell(model.paintings[content.name, s.name], f"{content.name} as {s.name}") for s in styles]
    grid = f"grid-template-columns: repeat({len(styles) + 1}, minmax(6rem, 1fr))"
    return f'<h2>{html.escape(model.name)}</h2><div class="sheet" style="{grid}">{"".join(cells)}</div>'
