"""Render the pictures of docs/methods: a frame of the sample clip, painted in every way that this machine has.

Usage: python tools/method_pictures.py [gatys] [wct] [magenta]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from readme_picture import ROOT, frame_at
from torch import Tensor

from vidstyle.pictures import as_image
from vidstyle.stylizers import Gatys, Painter, Stylizer

PEERS = ROOT.parent / "shared" / "peers"
SIZE = (480, 270)
SECONDS, STYLES, NUMBERS = 0.8, ("waves", "brushwork", "glass", "ink"), ("0", "7", "19", "27")


def painter(name: str) -> tuple[Painter, tuple[str, ...]]:
    if name == "gatys":
        return Gatys(device="cpu"), STYLES
    if name == "magenta":
        return Stylizer(PEERS / "magenta32", device="cpu"), NUMBERS
    return Stylizer(PEERS / name, device="cpu"), STYLES


def main() -> None:
    content: Tensor = torch.from_numpy(np.array(frame_at(SECONDS).resize(SIZE))).permute(2, 0, 1)[None].float() / 255
    for name in sys.argv[1:] or ["gatys", "wct", "magenta"]:
        paint, styles = painter(name)
        painted = [paint(content, paint.encode_style(style)) for style in styles]
        rows = [torch.cat(painted[:2], 3), torch.cat(painted[2:], 3)]
        whole = as_image(torch.cat(rows, 2)[0])
        whole.save(Path(ROOT) / "docs" / "pictures" / f"{name}.jpg", quality=88)


if __name__ == "__main__":
    main()
