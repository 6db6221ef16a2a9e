"""Pack what a run on another machine needs into one folder small enough to travel.

Usage: python tools/gpu/pack.py [SHARED] [--side 256] [--quality 70] [--few N]

Writes .gpu/pictures (the middle square of every photo and painting, WebP), .gpu/teachers, .gpu/peers, and the packages
that the other machine lacks (Python 3.12, x86-64 Linux): .gpu/train for training, .gpu/media for everything. --few
packs only N pictures of a kind.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from PIL import Image

from vidstyle.pictures import list_pictures, load_squares
from vidstyle.training.pictures import alike

ROOT = Path(__file__).parents[2]
OUT = ROOT / ".gpu"
TRAIN = ["kornia", "kornia_rs", "lightning_fabric", "platformdirs"]
PACKAGES = {"train": TRAIN, "media": [*TRAIN, "av<19", "scenedetect-headless"]}
PLATFORMS = [f"manylinux_2_{minor}_x86_64" for minor in (28, 27, 17)] + ["manylinux2014_x86_64"]


def pack_pictures(
    source: Path, folder: Path, side: int, quality: int, few: int | None, aside: list[np.ndarray]
) -> None:
    """The middle squares of the pictures of a folder, without those that are also in `aside`."""
    folder.mkdir()
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


def pack_packages(packages: list[str], name: str) -> None:
    platforms = [argument for name in PLATFORMS for argument in ("--platform", name)]
    target = ["--no-deps", "--only-binary=:all:", "--python-version", "3.12", "--implementation", "cp", *platforms]
    with TemporaryDirectory() as wheels, TemporaryDirectory() as site:
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", *target, "-d", wheels, *packages], check=True)
        for wheel in Path(wheels).iterdir():
            shutil.unpack_archive(wheel, site, "zip")
        archive(Path(site), name)


def archive(folder: Path, name: str) -> None:
    """All that is in a folder as .gpu/NAME/NAME.tar.xz: thousands of files travel slower than one."""
    (OUT / name).mkdir(parents=True, exist_ok=True)
    shutil.make_archive(str(OUT / name / name), "xztar", folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", nargs="?", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--quality", type=int, default=70)
    parser.add_argument("--few", type=int)
    options = parser.parse_args()
    shutil.rmtree(OUT, ignore_errors=True)
    aside = list(readable(list_pictures(options.shared / "media" / "styles"), options.side).values())
    with TemporaryDirectory() as folder:
        for kind in ("photos", "paintings"):
            source, target = options.shared / "data" / kind, Path(folder) / kind
            pack_pictures(source, target, options.side, options.quality, options.few, aside)
        archive(Path(folder), "pictures")
    (OUT / "teachers").mkdir()
    for weights in ("vgg19_distilled16x_relu5_1.safetensors", "vgg19_normalised_relu3_1.safetensors"):
        shutil.copy(options.shared / "teachers" / weights, OUT / "teachers")
    for peer in ("microast", "adain"):
        shutil.copytree(options.shared / "peers" / peer, OUT / "peers" / peer, ignore=shutil.ignore_patterns("*.npz"))
    for name, packages in PACKAGES.items():
        pack_packages(packages, name)
    for part in sorted(OUT.iterdir()):
        size = sum(file.stat().st_size for file in part.rglob("*"))
        print(f"{part.relative_to(ROOT)}: {size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
