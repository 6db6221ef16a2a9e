"""Nets and steadiness at 1080p on the best device: milliseconds per frame, memory on a GPU; ratios in one process.

Usage: python bench/large.py [MODEL …]      default: brisk and, where there are peers, MicroAST and AdaIN
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import torch
import torch.nn.functional as F
from results_file import SHARED, record

from vidstyle import ClipMemory, Stylizer
from vidstyle.evaluation.speed import compare, synchronise
from vidstyle.stylizers import StyleCode

WIDTH, HEIGHT = 1920, 1080
ROUNDS = 12 if torch.cuda.is_available() else 3
FRAMES = 24
PEERS = SHARED / "peers"


def adain(folder: Path) -> Path:
    """A model of the published AdaIN's shape, which is what its speed depends on."""
    for layout, file in (("vgg", "vgg_normalised.pth"), ("decoder", "decoder.pth")):
        shapes = json.loads((PEERS / "adain" / f"{layout}_layout.json").read_text())
        torch.save({key: 0.02 * torch.randn(shape) for key, shape in shapes}, folder / file)
    return folder


def memory(stylizer: Stylizer, code: StyleCode) -> float | None:
    """Most megabytes that one frame takes on a GPU, weights included."""
    if stylizer.device.type != "cuda":
        return None
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    stylizer(torch.rand(1, 3, HEIGHT, WIDTH, device=stylizer.device), code)
    return torch.cuda.max_memory_allocated() / 1e6


def levels(stylizer: Stylizer, code: StyleCode) -> dict[str, float]:
    """Milliseconds per frame of a moving clip at every level of steadiness; the levels take turns."""
    coarse = torch.rand(1, 3, 34, 60 + FRAMES, generator=torch.Generator().manual_seed(0))
    wide = F.interpolate(coarse, (HEIGHT, WIDTH + 8 * FRAMES), mode="bicubic").clamp(0, 1).to(stylizer.device)
    contents = [wide[..., 8 * at : 8 * at + WIDTH].contiguous() for at in range(FRAMES)]
    found: dict[str, list[float]] = {"off": [], "fast": [], "best": []}
    for _ in range(4):
        for level, times in found.items():
            held = None if level == "off" else ClipMemory(level)
            synchronise(stylizer.device)
            started = time.perf_counter()
            for content in contents:
                stylizer(content, code) if held is None else stylizer(content, code, held)
            synchronise(stylizer.device)
            times.append(1e3 * (time.perf_counter() - started) / FRAMES)
    return {level: statistics.median(times[1:]) for level, times in found.items()}


def main() -> None:
    models: list[str | Path] = [*sys.argv[1:]] or ["brisk"]
    with tempfile.TemporaryDirectory() as folder:
        if PEERS.exists():
            models += [PEERS / "microast", adain(Path(folder))]
        stylizers = [Stylizer(model) for model in models]
        nets = [asdict(speed) for speed in compare(stylizers, WIDTH, HEIGHT, rounds=ROUNDS)]
        style = torch.rand(1, 3, 256, 256)
        for row, stylizer in zip(nets, stylizers, strict=True):
            row["megabytes"] = memory(stylizer, stylizer.encode_style(style))
        first = stylizers[0]
        steady = levels(first, first.encode_style(style))
    record("large", {"nets": nets, "levels": {"model": str(models[0]), "milliseconds": steady}})


if __name__ == "__main__":
    main()
