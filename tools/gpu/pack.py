"""Pack what a training run on another machine needs into one folder small enough to travel.

Usage: python tools/gpu/pack.py [SHARED] [--side 256] [--quality 70] [--few N]

Writes .gpu/photos and .gpu/paintings (the middle square of every picture, WebP), .gpu/teachers, and .gpu/wheels with
the packages that the other machine lacks (Python 3.12, x86-64 Linux). --few packs only N pictures of a kind.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from vidstyle.pictures import list_pictures, load_squares
from vidstyle.training.pictures import alike

ROOT = Path(__file__).parents[2]
OUT = ROOT / ".gpu"
WHEELS = {
    "wheels": ["kornia", "kornia_rs", "lightning_fabric"],
    "wheels-media": ["av<19", "scenedetect-headless", "platformdirs"],
}
PLATFORMS = [f"manylinux_2_{minor}_x86_64" for minor in (28, 27, 17)] + ["manylinux2014_x86_64"]


def pack_pictures(
    source: Path, folder: Path, side: int, quality: int, few: int | None, aside: list[np.ndarray]
) -> None:
    """The middle squares of the pictures of a folder, without those that are also in `aside`."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    paths = list_pictures(source)[:few]
    if len({path.stem for path in paths}) < len(paths):
        raise SystemExit(f"{source} has pictures whose names differ only in folder or ending")
    squares = readable(paths, side)
    known = alike(stack(squares.values()), stack(aside))
    for (path, square), also_aside in zip(squares.items(), known.tolist(), strict=True):
        if also_aside:
            print(f"left out {path.name}: models are judged with it")
        else:
            Image.fromarray(square).save(folder / f"{path.stem}.webp", quality=quality, method=6)


def readable(paths: list[Path], side: int) -> dict[Path, np.ndarray]:
    squares, damaged = load_squares(paths, side)
    for line in damaged:
        print(f"left out: {line}", file=sys.stderr)
    return squares


def stack(squares: Iterable[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(np.stack(list(squares))).permute(0, 3, 1, 2)  # (N, 3, side, side)


def download(packages: list[str], folder: Path) -> None:
    platforms = [argument for name in PLATFORMS for argument in ("--platform", name)]
    target = ["--no-deps", "--only-binary=:all:", "--python-version", "3.12", "--implementation", "cp", *platforms]
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", *target, "-d", str(folder), *packages], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", nargs="?", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--quality", type=int, default=70)
    parser.add_argument("--few", type=int)
    options = parser.parse_args()
    aside = list(readable(list_pictures(options.shared / "media" / "styles"), options.side).values())
    for kind in ("photos", "paintings"):
        pack_pictures(options.shared / "data" / kind, OUT / kind, options.side, options.quality, options.few, aside)
    shutil.rmtree(OUT / "teachers", ignore_errors=True)
    (OUT / "teachers").mkdir()
    for weights in ("vgg19_distilled16x_relu5_1.safetensors", "vgg19_normalised_relu3_1.safetensors"):
        shutil.copy(options.shared / "teachers" / weights, OUT / "teachers")
    for folder, packages in WHEELS.items():
        shutil.rmtree(OUT / folder, ignore_errors=True)
        download(packages, OUT / folder)
    for part in sorted(OUT.iterdir()):
        size = sum(file.stat().st_size for file in part.rglob("*"))
        print(f"{part.relative_to(ROOT)}: {len(list(part.iterdir()))} files, {size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
