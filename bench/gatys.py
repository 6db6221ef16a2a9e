"""Optimization from coarse to fine against the textbook's 300 steps of L-BFGS at full size, by the same energy.

Usage: python bench/gatys.py [SIDE [STEPS]]      default 384 pixels, 300 steps at every size
"""

from __future__ import annotations

import sys
import time
from functools import partial

import torch
from results_file import SHARED, record
from torch import Tensor

from vidstyle.pictures import list_pictures, load_square
from vidstyle.stylizers import Gatys, GatysOptions
from vidstyle.stylizers.gatys.energy import STYLE_LAYERS, Energy

STYLES = ("composition_vii", "great_wave", "starry_night")
STEPS = 300


def textbook(energy: Energy, content: Tensor) -> Tensor:
    """As in the tutorials: from the content, no line search, pixels clamped before every evaluation."""
    pixels = content.clone(memory_format=torch.contiguous_format).requires_grad_()
    optimizer = torch.optim.LBFGS([pixels], max_iter=STEPS, max_eval=STEPS, history_size=100)

    def compute() -> Tensor:
        with torch.no_grad():
            pixels.clamp_(0, 1)
        optimizer.zero_grad()
        value = energy(pixels)
        value.backward()
        return value

    optimizer.step(compute)
    return pixels.detach().clamp(0, 1)


def main() -> None:
    side = int(sys.argv[1]) if len(sys.argv) > 1 else 384
    photos = list_pictures(SHARED / "data" / "photos")
    painter, rows = Gatys(GatysOptions(steps=int(sys.argv[2]) if len(sys.argv) > 2 else 300), device="cpu"), []
    for number, style in enumerate(STYLES):
        square = load_square(photos[number * len(photos) // len(STYLES)], side)
        content = torch.from_numpy(square).permute(2, 0, 1)[None].float() / 255
        code = painter.encode_style(SHARED / "media" / "styles" / f"{style}.jpg", size=side)
        energy = Energy(painter.encoder, painter.options, content, code.tensors[: len(STYLE_LAYERS)])
        row: dict[str, object] = {"style": style, "photo": photos[number * len(photos) // len(STYLES)].name}
        ways = {"textbook": partial(textbook, energy, content), "coarse_to_fine": partial(painter, content, code)}
        for name, paint in ways.items():
            began = time.perf_counter()
            painted = paint()
            row[f"{name}_seconds"] = time.perf_counter() - began
            with torch.no_grad():
                row[f"{name}_energy"] = energy(painted).item()
        print(row, flush=True)
        rows.append(row)
    record("gatys", {"side": side, "steps": painter.options.steps, "runs": rows})


if __name__ == "__main__":
    main()
