"""How close paintings are to their style and to their content.

Definitions: style distance is the squared difference of means and deviations at relu1_1 … relu4_1 (Huang & Belongie
2017), content distance that of instance-normalised relu4_1; Gram distance is relative, at relu2_1 … relu4_1 (Gatys et
al. 2016). relu1_1 … relu3_1 come from the exact VGG-19 where the encoder has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
import torch
from kornia.metrics import ssim
from torch import Tensor

from vidstyle.perception import (
    LPIPS,
    Perceptual,
    content_distance,
    gram_distance,
    halos,
    moments_of,
    statistics_distance,
    total_variation,
)
from vidstyle.pictures import list_pictures, load_square
from vidstyle.stylizers import Stylizer
from vidstyle.temporal.losses import inside, steadiness
from vidstyle.temporal.random_flow import random_flow
from vidstyle.temporal.warp import warp

__all__ = ["FIGURES", "Judged", "Picture", "PictureJudge", "judge_model", "load_pictures", "means"]

FIGURES = {
    "style": "means and deviations at relu1_1 … relu4_1, squared difference to the style; smaller is closer",
    "gram": "Gram matrices at relu2_1 … relu4_1, relative squared difference to the style; smaller is closer",
    "content": "instance-normalised relu4_1, squared difference to the content; smaller is closer",
    "ssim": "structural similarity to the content, window of 11; larger is closer",
    "lpips": "LPIPS-like distance to the content; smaller is closer",
    "variation": "mean difference of neighbouring pixels over that of the content; above 1 is rougher",
    "halos": "share of a painting's variance that is rims and glows about what is light or dark in the content",
    "unsteadiness": "mean difference of the warped painting and the painting of the warped content; smaller is better",
    "fid": "Fréchet distance of Inception's features, all paintings to all styles; smaller is closer",
    "is": "Inception score of all paintings; larger is more varied",
    "artfid": "(1 + fid) · (1 + lpips); smaller is better",
}


@dataclass(frozen=True)
class Picture:
    """A named picture, `pixels` (1, 3, H, W) in [0, 1]."""

    name: str
    pixels: Tensor


@dataclass(frozen=True)
class Judged:
    """The figures of one content painted in one style; see FIGURES, of which the last three are of whole sets."""

    content: str
    style: str
    figures: dict[str, float]


def load_pictures(folder: Path, side: int, count: int | None, device: torch.device) -> list[Picture]:
    """The middle squares of a folder's pictures at `side` pixels, at most `count` of them, evenly picked by name."""
    paths = list_pictures(folder)
    if count is not None and count < len(paths):
        paths = [paths[index * len(paths) // count] for index in range(count)]
    return [Picture(str(path.relative_to(folder)), _tensor(load_square(path, side)).to(device)) for path in paths]


def _tensor(square: np.ndarray) -> Tensor:
    return torch.from_numpy(square).permute(2, 0, 1)[None].float() / 255  # (1, 3, side, side)


class PictureJudge:
    """Measures paintings; the encoder, `lpips` and the pictures are on one device."""

    def __init__(self, encoder: Perceptual, lpips: LPIPS | None = None) -> None:
        self.encoder = encoder
        self.lpips = lpips

    @torch.inference_mode()
    def __call__(self, painted: Tensor, content: Tensor, style: Tensor) -> dict[str, float]:
        """Figures of one painting (1, 3, H, W) of a content (1, 3, H, W) in a style (1, 3, h, w), all in [0, 1]."""
        features = self.encoder(painted, exact=True)
        seen, target = moments_of(features), moments_of(self.encoder(style, exact=True))
        figures = {
            "style": statistics_distance(seen, target),
            "gram": gram_distance(seen, target),
            "content": content_distance(features, self.encoder(content)),
            "ssim": ssim(painted, content, 11).mean(),
            "variation": total_variation(painted) / total_variation(content).clamp_min(1e-6),
            "halos": halos(painted, content),
        }
        if self.lpips is not None:
            figures["lpips"] = self.lpips(painted, content)[0]
        return {name: value.item() for name, value in figures.items()}


@torch.inference_mode()
def judge_model(
    stylizer: Stylizer,
    judge: PictureJudge,
    contents: Sequence[Picture],
    styles: Sequence[Picture],
) -> Iterator[tuple[Judged, Tensor]]:
    """Paint every content in every style and measure: each pair's figures and its painting (1, 3, H, W).

    Every model sees a style at the size at which it is judged, and the same made-up motion.
    """
    codes = [stylizer.encode_style(style.pixels.cpu(), size=min(style.pixels.shape[-2:])) for style in styles]
    for index, content in enumerate(contents):
        pixels = content.pixels
        generator = torch.Generator().manual_seed(index)
        flow = random_flow(1, *pixels.shape[-2:], generator=generator).to(pixels.device)
        moved = warp(pixels, flow).clamp(0, 1)
        for style, code in zip(styles, codes, strict=True):
            painted, again = (stylizer(x, code).to(pixels.device) for x in (pixels, moved))
            figures = judge(painted, pixels, style.pixels)
            figures["unsteadiness"] = steadiness(painted, again, flow, inside(flow)).item()
            known = {name: figures[name] for name in FIGURES if name in figures}
            yield Judged(content.name, style.name, known), painted


def means(judged: Sequence[Judged]) -> dict[str, float]:
    """The mean of every figure over the pairs."""
    return {name: fmean(pair.figures[name] for pair in judged) for name in judged[0].figures}
