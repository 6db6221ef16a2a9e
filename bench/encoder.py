"""How well glance sees: its features against its teacher's, and whether it judges paintings alike.

Usage: python bench/encoder.py [MODEL]      MODEL paints what is judged; default brisk
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from results_file import SHARED, record

from vidstyle import Stylizer
from vidstyle.evaluation.pictures import Picture, PictureJudge, load_pictures
from vidstyle.perception import load_perceptual
from vidstyle.pictures import list_pictures, load_square
from vidstyle.training.pictures import held_out

SIDE, HELD_OUT, CONTENTS = 256, 40, 10


def photos() -> list[Picture]:
    paths = held_out(list_pictures(SHARED / "data" / "photos"), HELD_OUT)[1][:: HELD_OUT // CONTENTS]
    tensors = [torch.from_numpy(load_square(path, SIDE)).permute(2, 0, 1)[None].float() / 255 for path in paths]
    return [Picture(path.name, pixels) for path, pixels in zip(paths, tensors, strict=True)]


def ranks(values: list[float]) -> np.ndarray:
    return np.argsort(np.argsort(values))


@torch.inference_mode()
def main() -> None:
    stylizer = Stylizer(sys.argv[1] if len(sys.argv) > 1 else "brisk", device="cpu")
    glance, teacher = load_perceptual("glance"), load_perceptual(SHARED / "teachers")
    contents = photos()
    styles = load_pictures(Path(SHARED / "media" / "styles"), SIDE, CONTENTS, torch.device("cpu"))
    missed: dict[str, list[float]] = {}
    for picture in contents + styles:
        wanted, seen = teacher(picture.pixels, exact=True), glance(picture.pixels)
        for tap, features in wanted.items():
            error = (seen[tap] - features).square().mean() / features.square().mean()
            missed.setdefault(tap, []).append(error.item())
    judged: dict[str, tuple[list[float], list[float]]] = {}
    for content in contents:
        for style in styles:
            painted = stylizer(content.pixels, stylizer.encode_style(style.pixels))
            for judge, column in ((glance, 0), (teacher, 1)):
                figures = PictureJudge(judge)(painted, content.pixels, style.pixels)
                for name in ("style", "gram", "content"):
                    judged.setdefault(name, ([], []))[column].append(figures[name])
    agreement = {name: float(np.corrcoef(ranks(a), ranks(b))[0, 1]) for name, (a, b) in judged.items()}
    record(
        "encoder",
        {
            "relative_squared_error": {tap: float(np.mean(values)) for tap, values in missed.items()},
            "rank_correlation_of_distances": agreement,
            "pairs": len(contents) * len(styles),
        },
    )


if __name__ == "__main__":
    main()
