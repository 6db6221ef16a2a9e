"""Gatys' method against the textbook's 300 steps of L-BFGS, by the same energy of the same pictures.

Usage: python bench/gatys.py [SIDE [STEPS [STYLES [PHOTOS [ENCODER]]]]]
default: 256 pixels, 270 steps of ours at each size, 4 styles on each of 2 photos, glance

The two take turns at going first. Seconds are on the clock and of the processor: beside other work only the latter tell
how much was done. Leaves out/gatys_SIDE_ENCODER.png: content, textbook, ours; and out/gatys_curves_SIDE_ENCODER.png,
energy over processor seconds, of the first picture.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path

import torch
from results_file import ROOT, SHARED, record
from torch import Tensor

from vidstyle.pictures import as_image, list_pictures, load_square
from vidstyle.stylizers import Gatys, GatysOptions
from vidstyle.stylizers.gatys.energy import STYLE_LAYERS, Energy

STYLES = ("great_wave", "starry_night", "composition_vii", "the_scream", "mondrian", "udnie")
STEPS = 300

Told = Callable[[float], None]


def textbook(energy: Energy, content: Tensor, told: Told) -> Tensor:
    """As in the tutorials: from the content, no line search, pixels clamped before every evaluation."""
    pixels = content.clone(memory_format=torch.contiguous_format).requires_grad_()
    optimizer = torch.optim.LBFGS([pixels], max_iter=STEPS, max_eval=STEPS, history_size=100)

    def compute() -> Tensor:
        with torch.no_grad():
            pixels.clamp_(0, 1)
        optimizer.zero_grad()
        value = energy(pixels)
        value.backward()
        told(value.item())
        return value

    optimizer.step(compute)
    return pixels.detach().clamp(0, 1)


def main() -> None:
    given = [*sys.argv[1:], *("256", "270", "4", "2", "glance")[len(sys.argv) - 1 :]]
    side, steps, styles, contents = map(int, given[:4])
    encoder, kind = given[4], "glance" if given[4] == "glance" else "vgg"
    photos = list_pictures(SHARED / "data" / "photos")
    told: list[Told] = [lambda energy: None]
    painter = Gatys(GatysOptions(steps=steps), encoder, "cpu", on_step=lambda share, energy: told[0](energy))
    rows: list[dict[str, object]] = []
    sheet: list[Tensor] = []
    curves: dict[str, list[tuple[float, float]]] = {}
    out = ROOT / "out"
    out.mkdir(exist_ok=True)
    for number, style in product(range(contents), STYLES[:styles]):
        photo = photos[number * len(photos) // 3]
        content = torch.from_numpy(load_square(photo, side)).permute(2, 0, 1)[None].float() / 255
        code = painter.encode_style(SHARED / "media" / "styles" / f"{style}.jpg", size=side)
        energy = Energy(painter.encoder, painter.options, content, code.tensors[: len(STYLE_LAYERS)])
        row: dict[str, object] = {"style": style, "photo": photo.name}
        painted: dict[str, Tensor] = {}
        for name in ("textbook", "ours") if len(rows) % 2 else ("ours", "textbook"):
            curve: list[tuple[float, float]] = []
            began, busy = time.perf_counter(), time.process_time()
            told[0] = lambda value: curve.append((time.process_time() - busy, value))  # noqa: B023
            painted[name] = painter(content, code) if name == "ours" else textbook(energy, content, told[0])
            row[f"{name}_seconds"] = round(time.perf_counter() - began, 1)
            row[f"{name}_processor_seconds"] = round(time.process_time() - busy, 1)
            with torch.no_grad():
                row[f"{name}_energy"] = round(energy(painted[name]).item(), 4)
            if not rows:
                curves[name] = curve
        rows.append(row)
        sheet.append(torch.cat([content, painted["textbook"], painted["ours"]], 3))
        as_image(torch.cat(sheet, 2)[0]).save(out / f"gatys_{side}_{kind}.png")
        draw(curves, out / f"gatys_curves_{side}_{kind}.png")
        record("gatys", {"side": side, "steps": steps, "encoder": kind, "runs": rows})


def draw(curves: dict[str, list[tuple[float, float]]], path: Path) -> None:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    figure = Figure((5, 3.2), layout="constrained")
    axes = figure.subplots()
    for name, curve in curves.items():
        axes.plot(*zip(*curve, strict=True), label=name)
    axes.set(xlabel="processor seconds", ylabel="energy", yscale="log")
    axes.legend()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
