"""What the HTML reports have in common: one file, nothing to fetch, opens anywhere."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from PIL import Image

from vidstyle.errors import MissingExtra
from vidstyle.staging import StagedFile

__all__ = ["check_report", "definitions", "jpeg", "plain", "svg", "table", "write_page"]

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; } th, td { padding: .25rem .7rem; text-align: right; }
th:first-child, td:first-child { text-align: left; } tr { border-bottom: 1px solid #8884; } .best { font-weight: bold; }
.sheet { display: grid; gap: 2px; overflow-x: auto; } .sheet img { width: 100%; display: block; }
.plots { display: flex; flex-wrap: wrap; gap: 1rem; } figure { margin: 0; } small { color: #777; }
video, .wide { max-width: 100%; display: block; }
@media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd; } }
"""


def check_report(path: Path) -> None:
    """Before hours of painting. MissingExtra without matplotlib; OutputError where `path` cannot be written."""
    if find_spec("matplotlib") is None:
        raise MissingExtra("matplotlib", "evaluate")
    StagedFile(path, overwrite=True).discard()


def write_page(path: Path, title: str, parts: Sequence[str]) -> None:
    """Write a page over whatever `path` was. Errors: those of `check_report`."""
    head = f'<!doctype html><meta charset="utf-8"><title>{html.escape(title)}</title><style>{STYLE}</style>'
    with StagedFile(path, overwrite=True) as file:
        # Names of files need not be text.
        file.path.write_text(head + "\n".join(parts), encoding="utf-8", errors="xmlcharrefreplace")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells are HTML; one that begins with "*" is the best of its column."""

    def cell(text: str) -> str:
        return f'<td class="best">{text[1:]}' if text.startswith("*") else f"<td>{text}"

    lines = ["".join(f"<th>{name}" for name in head), *("".join(map(cell, row)) for row in rows)]
    return f"<table>{''.join(f'<tr>{line}' for line in lines)}</table>"


def definitions(texts: dict[str, str]) -> str:
    return "<dl>" + "".join(f"<dt>{name}</dt><dd><small>{text}</small></dd>" for name, text in texts.items()) + "</dl>"


def jpeg(image: Image.Image) -> str:
    """A data URL."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def plain(name: str) -> str:
    """A file's name as matplotlib takes it: names need not be text, and a dollar sign begins a formula."""
    return name.encode("utf-8", "replace").decode().replace("$", r"\$")


def svg(figure: Any) -> str:
    """A matplotlib figure as an element of the page."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=False)
    text = buffer.getvalue()
    return f"<figure>{text[text.index('<svg') :]}</figure>"
