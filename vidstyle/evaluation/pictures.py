"""How close paintings are to their style and to their content.

Definitions: style distance is the squared difference of means and deviations at relu1_1 … relu4_1 (Huang & Belongie
2017), content distance that of instance-normalised relu4_1; Gram distance is relative, at relu2_1 … relu4_1 (Gatys et
al. 2016). relu1_1 … relu3_1 come from the exact VGG-19 where the encoder has it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vidstyle.perception import Perceptual, content_distance, gram_distance, statistics_distance
from vidstyle.stylizers import Stylizer
from vidstyle.temporal.losses import steadiness
from vidstyle.temporal.random_flow import random_flow
from vidstyle.temporal.warp import warp

__all__ = ["PictureFigures", "judge_model"]

STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
GRAM_LAYERS = ("relu2_1", "relu3_1", "relu4_1")


@dataclass(frozen=True)
class PictureFigures:
    """Means over all pairs of a content and a style; smaller is closer."""

    pairs: int
    style: float
    gram: float
    content: float
    variation: float
    """Mean |difference| of neighbouring pixels, over that of the content."""
    unsteadiness: float
    """Mean |warp(painting) − painting of the warped content| under made-up motion, values in [0, 1]."""


@torch.inference_mode()
def judge_model(stylizer: Stylizer, judge: Perceptual, contents: Tensor, styles: Tensor) -> PictureFigures:
    """Paint every content in every style and measure.

    contents (N, 3, H, W) and styles (M, 3, h, w), in [0, 1], on the judge's device. Motion is the same for every model.
    """
    generator = torch.Generator().manual_seed(0)
    flow = random_flow(len(contents), *contents.shape[-2:], generator=generator).to(contents.device)
    moved = warp(contents, flow).clamp(0, 1)
    content_features = judge(contents, exact=True)
    roughness = _variation(contents)
    sums = dict.fromkeys(("style", "gram", "content", "variation", "unsteadiness"), 0.0)
    for style in styles:
        # Every model sees the style at the size at which it is judged.
        code = stylizer.encode_style(style[None], size=min(style.shape[-2:]))
        painted = torch.cat([stylizer(content[None], code).to(contents.device) for content in contents])
        again = torch.cat([stylizer(content[None], code).to(contents.device) for content in moved])
        features = judge(painted, exact=True)
        target = {layer: value.expand(len(contents), -1, -1, -1) for layer, value in judge(style[None], True).items()}
        sums["style"] += statistics_distance({layer: features[layer] for layer in STYLE_LAYERS}, target).item()
        sums["gram"] += gram_distance(features, target, GRAM_LAYERS).item()
        sums["content"] += content_distance(features, content_features).item()
        sums["variation"] += (_variation(painted) / roughness).item()
        sums["unsteadiness"] += steadiness(painted, again, flow).item()
    means = {name: value / len(styles) for name, value in sums.items()}
    return PictureFigures(pairs=len(contents) * len(styles), **means)


def _variation(pictures: Tensor) -> Tensor:
    return (pictures[..., 1:, :] - pictures[..., :-1, :]).abs().mean() + pictures.diff(dim=-1).abs().mean()
