"""Pack what a training run on another machine needs into one folder small enough to travel.

Usage: python tools/gpu/pack.py [SHARED] [--side 256] [--quality 72] [--few N]

Writes .gpu/photos and .gpu/paintings (the middle square of every picture, WebP), .gpu/teachers, and .gpu/wheels with
the packages that the other machine lacks (Python 3.12, x86-64 Linux). --few packs only N pictures of a kind.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image, ImageOps

from vidstyle.training.pictures import Pictures, alike, list_pictures

ROOT = Path(__file__).parents[2]
OUT = ROOT / ".gpu"
WHEELS = {
    "wheels": ["kornia", "kornia_rs", "lightning_fabric"],
    "wheels-media": ["av"],
}
PLATFORMS = [f"manylinux_2_{minor}_x86_64" for minor in (28, 27, 17)] + ["manylinux2014_x86_64"]


def square(source: Path, folder: Path, side: int, quality: int) -> None:
    target = folder / f"{source.stem}.webp"
    try:
        with Image.open(source) as image:
            image.draft("RGB", (side, side))
            ImageOps.fit(image.convert("RGB"), (side, side), Image.Resampling.LANCZOS).save(target, quality=quality)
    except OSError as error:
        print(f"left out {source.name}: {error}", file=sys.stderr)


def pack_pictures(source: Path, folder: Path, side: int, quality: int, few: int | None) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    paths = list_pictures(source)[:few]
    if len({path.stem for path in paths}) < len(paths):
        raise SystemExit(f"{source} has pictures of the same name in different folders")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda path: square(path, folder, side, quality), paths))


def leave_out(unseen: Path, side: int) -> None:
    """Remove what is also among the pictures that models are judged with."""
    aside = Pictures(list_pictures(unseen), side, side, (1.0, 1.0), "cpu")
    for kind in ("photos", "paintings"):
        for path in list_pictures(OUT / kind):
            if alike(Pictures([path], side, side, (1.0, 1.0), "cpu").pixels, aside.pixels).any():
                print(f"left out {path.name}: it is also in {unseen}")
                path.unlink()


def download(packages: list[str], folder: Path) -> None:
    platforms = [argument for name in PLATFORMS for argument in ("--platform", name)]
    target = ["--no-deps", "--only-binary=:all:", "--python-version", "3.12", "--implementation", "cp", *platforms]
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", *target, "-d", str(folder), *packages], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", nargs="?", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--quality", type=int, default=72)
    parser.add_argument("--few", type=int)
    options = parser.parse_args()
    for kind in ("photos", "paintings"):
        pack_pictures(options.shared / "data" / kind, OUT / kind, options.side, options.quality, options.few)
    leave_out(options.shared / "media" / "styles", options.side)
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
