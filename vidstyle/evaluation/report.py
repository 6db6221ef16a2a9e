"""One HTML file about models: a table, plots, the paintings; nothing to fetch, opens anywhere."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor

from vidstyle.errors import MissingExtra
from vidstyle.pictures import as_image
from vidstyle.staging import StagedFile

from .pictures import FIGURES, Judged, Picture, means

__all__ = ["Evaluated", "check_report", "write_report"]

THUMBNAIL = 192
CLOSER_IS_LARGER = {"ssim", "is"}
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; } th, td { padding: .25rem .7rem; text-align: right; }
th:first-child, td:first-child { text-align: left; } tr { border-bottom: 1px solid #8884; } .best { font-weight: bold; }
.sheet { display: grid; gap: 2px; overflow-x: auto; } .sheet img { width: 100%; display: block; }
.plots { display: flex; flex-wrap: wrap; gap: 1rem; } figure { margin: 0; } small { color: #777; }
@media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd; } }
"""


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
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def check_report(path: Path) -> None:
    """Before hours of painting. MissingExtra without matplotlib; OutputError where `path` cannot be written."""
    if find_spec("matplotlib") is None:
        raise MissingExtra("matplotlib", "evaluate")
    StagedFile(path, overwrite=True).discard()


def write_report(
    path: Path, models: Sequence[Evaluated], contents: Sequence[Picture], styles: Sequence[Picture], judge: str
) -> None:
    """Write the report over whatever `path` was. judge: what judged, in words. Errors: those of `check_report`."""
    pairs = len(contents) * len(styles)
    parts = [
        f"<h1>{html.escape(' · '.join(model.name for model in models))}</h1>",
        f"<p>{len(contents)} contents × {len(styles)} styles = {pairs} pairs, means over the pairs; "
        f"judged by {html.escape(judge)}.</p>",
        _table(models),
        "<dl>" + "".join(f"<dt>{name}</dt><dd><small>{text}</small></dd>" for name, text in FIGURES.items()) + "</dl>",
        f'<div class="plots">{_plots(models, [style.name for style in styles])}</div>',
        *(_sheet(model, contents, styles) for model in models),
    ]
    title = html.escape(" and ".join(model.name for model in models))
    head = f'<!doctype html><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
    with StagedFile(path, overwrite=True) as file:
        # Names of files need not be text.
        file.path.write_text(head + "\n".join(parts), encoding="utf-8", errors="xmlcharrefreplace")


def _table(models: Sequence[Evaluated]) -> str:
    columns = {model.name: model.figures for model in models}
    names = [name for name in FIGURES if all(name in figures for figures in columns.values())]
    head = "".join(f"<th>{name}" for name in names)
    rows = []
    for model in models:
        cells = []
        for name in names:
            values = [figures[name] for figures in columns.values()]
            best = max(values) if name in CLOSER_IS_LARGER else min(values)
            value = columns[model.name][name]
            mark = ' class="best"' if value == best and name != "variation" else ""
            cells.append(f"<td{mark}>{value:.3f}")
        rows.append(f"<tr><td>{html.escape(model.name)}<br><small>{html.escape(model.facts)}</small>{''.join(cells)}")
    if len(models) == 2:
        first, second = columns.values()
        cells = [f"<td>{first[name] / second[name]:.2f}×" for name in names]
        rows.append(f"<tr><td>{html.escape(models[0].name)} / {html.escape(models[1].name)}{''.join(cells)}")
    return f"<table><tr><th>model{head}{''.join(rows)}</table>"


def _plots(models: Sequence[Evaluated], styles: Sequence[str]) -> str:
    from matplotlib.figure import Figure

    scatter = Figure(figsize=(5, 4.2), layout="constrained")
    axes = scatter.subplots()
    for model in models:
        x, y = ([pair.figures[name] for pair in model.judged] for name in ("style", "content"))
        axes.scatter(x, y, s=9, alpha=0.6, label=model.name)
    axes.set(xlabel="style distance", ylabel="content distance", title="every pair; lower left is better")
    axes.legend()

    bars = Figure(figsize=(max(5.0, 0.6 * len(styles) + 2), 4.2), layout="constrained")
    axes = bars.subplots()
    width = 0.8 / len(models)
    for number, model in enumerate(models):
        heights = [means([pair for pair in model.judged if pair.style == style])["style"] for style in styles]
        axes.bar([at + number * width for at in range(len(styles))], heights, width, label=model.name)
    labels = [style.encode("utf-8", "replace").decode().replace("$", r"\$") for style in styles]
    axes.set_xticks([at + 0.4 - width / 2 for at in range(len(styles))], labels, rotation=60, ha="right", fontsize=8)
    axes.set(ylabel="style distance", title="by style")
    axes.legend()
    return "".join(f"<figure>{_svg(figure)}</figure>" for figure in (scatter, bars))


def _svg(figure: Any) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=False)
    text = buffer.getvalue()
    return text[text.index("<svg") :]


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
