"""Render the pictures of docs/methods: a frame of the sample clip, painted in every way that this machine has.

Usage: python tools/method_pictures.py [gatys] [wct] [magenta] [dcgan] [regions]
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from readme_picture import ROOT, frame_at
from torch import Tensor

import vidstyle
from vidstyle.pictures import as_image
from vidstyle.stylizers import Gatys, Painter, Stylizer
from vidstyle.zoo.generators import imagine, load_generator

PEERS = ROOT.parent / "shared" / "peers"
SIZE = (480, 270)
SECONDS, STYLES, NUMBERS = 0.8, ("waves", "brushwork", "glass", "ink"), ("0", "7", "19", "27")
SEEDS, CORNER = (12, 22, 26, 34), 88
QUAY, SKY = 150, "key:#9CB0BC:0.1"
REGIONS = (("above", "waves"), ("above", "waves", "glass"), (SKY, "brushwork"), (f"!{SKY}", "brushwork"))
"""A mask and the styles. above: what lies above the row QUAY."""


def painter(name: str) -> tuple[Painter, tuple[str, ...]]:
    if name == "gatys":
        return Gatys(device="cpu"), STYLES
    if name == "magenta":
        return Stylizer(PEERS / "magenta32", device="cpu"), NUMBERS
    if name == "dcgan":
        return Stylizer(device="cpu"), tuple(f"dcgan:{seed}" for seed in SEEDS)
    return Stylizer(PEERS / name, device="cpu"), STYLES


def regions(content: Tensor) -> list[Tensor]:
    with TemporaryDirectory() as folder:
        there, above, out = (Path(folder) / f"{name}.png" for name in ("frame", "above", "out"))
        as_image(content[0]).save(there)
        Image.fromarray(255 * (np.indices(SIZE[::-1])[0] < QUAY).astype(np.uint8)).save(above)
        found = []
        for mask, *styles in REGIONS:
            pairs = [(style, 1.0) for style in styles]
            vidstyle.stylize(there, pairs, out, masks=[above if mask == "above" else mask], device="cpu")
            found.append(torch.from_numpy(np.array(Image.open(out))).permute(2, 0, 1)[None].float() / 255)
        return found


def main() -> None:
    content: Tensor = torch.from_numpy(np.array(frame_at(SECONDS).resize(SIZE))).permute(2, 0, 1)[None].float() / 255
    for name in sys.argv[1:] or ["gatys", "wct", "magenta", "dcgan", "regions"]:
        if name == "regions":
            painted = regions(content)
        else:
            paint, styles = painter(name)
            painted = [paint(content, paint.encode_style(style)) for style in styles]
        if name == "dcgan":
            for picture, seed in zip(painted, SEEDS, strict=True):
                style = imagine(load_generator(), seed, seed, 0)
                picture[..., :CORNER, :CORNER] = F.interpolate(style, (CORNER, CORNER), mode="area")
        rows = [torch.cat(painted[:2], 3), torch.cat(painted[2:], 3)]
        whole = as_image(torch.cat(rows, 2)[0])
        whole.save(Path(ROOT) / "docs" / "pictures" / f"{name}.jpg", quality=88)


if __name__ == "__main__":
    main()
