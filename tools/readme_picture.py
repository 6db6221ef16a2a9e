"""Render the README's picture: two frames of the sample clip, as they are and in three built-in styles.

Usage: python tools/readme_picture.py
"""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import torch
from PIL import Image

from vidstyle import Stylizer

ROOT = Path(__file__).parents[1]
SECONDS, STYLES, SIZE = (0.8, 4.2), ("waves", "brushwork", "glass"), (400, 225)


def frame_at(seconds: float) -> Image.Image:
    with av.open(str(ROOT / "samples" / "harbour.mp4")) as container:
        return next(frame for frame in container.decode(video=0) if frame.time >= seconds).to_image()


def main() -> None:
    stylizer = Stylizer("brisk", device="cpu")
    picture = Image.new("RGB", (SIZE[0] * (len(STYLES) + 1), SIZE[1] * len(SECONDS)))
    for row, seconds in enumerate(SECONDS):
        content = frame_at(seconds)
        pixels = torch.from_numpy(np.array(content)).permute(2, 0, 1)[None].float() / 255  # (1, 3, H, W)
        shown = [content]
        for style in STYLES:
            painted = stylizer(pixels, stylizer.encode_style(style))
            shown.append(Image.fromarray((painted[0] * 255).round().byte().permute(1, 2, 0).numpy()))
        for column, image in enumerate(shown):
            picture.paste(image.resize(SIZE, Image.Resampling.LANCZOS), (column * SIZE[0], row * SIZE[1]))
    picture.save(ROOT / "docs" / "pictures" / "harbour.jpg", quality=90)


if __name__ == "__main__":
    main()
