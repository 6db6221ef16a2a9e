"""How well a generator carries pictures from one domain to another.

Sources: Zhu et al. 2017, section 5.1 (cycle consistency); Heusel et al. 2017 (the Fréchet distance, here of glance's
features too, for which nothing is downloaded).
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import torch
from kornia.metrics import psnr, ssim
from torch import Tensor, nn

from vidstyle.nets.vgg import VGG
from vidstyle.perception import load_glance
from vidstyle.stylizers import Stylizer
from vidstyle.stylizers.code import StyleCode

from .inception import Inception
from .pictures import Picture

__all__ = ["FIGURES", "GlanceFeatures", "judge_generator", "likeness"]

FIGURES = {
    "frechet": "Fréchet distance of glance's features, all paintings to all targets; smaller is closer",
    "fid": "the same of Inception's features",
    "ssim": "structural similarity to the content; larger keeps more of it",
    "cycle_psnr": "of a content and what the generator back makes of its painting, in dB",
    "cycle_ssim": "structural similarity of the same two",
    "target_psnr": "of a painting and the target of the same name, in dB",
    "target_ssim": "structural similarity of the same two",
}
LAYER = "relu5_1"


class GlanceFeatures(nn.Module):
    """Means over a picture of glance's deepest features, before their projection: (N, 3, H, W) -> (N, 128).

    Pictures are in [0, 1], or of 8 bits, which torchmetrics makes of them for some figures.
    """

    def __init__(self) -> None:
        super().__init__()
        own = {key: value for key, value in load_glance().state_dict().items() if ".project." not in key}
        self.encoder = VGG.from_state_dict(own).requires_grad_(False)
        self.num_features = self.encoder.channels(LAYER)

    def forward(self, pictures: Tensor) -> Tensor:
        pictures = pictures if pictures.is_floating_point() else pictures.float() / 255
        return self.encoder(pictures, taps=(LAYER,))[LAYER].mean((2, 3))


def likeness(one: Tensor, other: Tensor) -> dict[str, float]:
    """psnr in dB, at most 100, and ssim of two pictures (1, 3, H, W) in [0, 1]."""
    return {"psnr": min(100.0, psnr(one, other, 1.0).item()), "ssim": ssim(one, other, 11).mean().item()}


@torch.inference_mode()
def judge_generator(
    stylizer: Stylizer | None,
    sets: dict[str, Inception],
    contents: Sequence[Picture],
    targets: Sequence[Picture],
    back: Stylizer | None = None,
    paired: bool = False,
) -> dict[str, float]:
    """Figures of a generator with a style of its own; of the contents as they are where it is None.

    sets: by the name of a figure, what compares all paintings with all targets. back: the generator of the other
    direction. paired: targets are compared with the paintings of the contents of the same name.
    """
    for compared in sets.values():
        compared.begin(target.pixels for target in targets)
    wanted = {target.name: target.pixels for target in targets} if paired else {}
    found: list[dict[str, float]] = []
    code = StyleCode(())
    for content in contents:
        painted = content.pixels if stylizer is None else stylizer(content.pixels, code).to(content.pixels)
        for compared in sets.values():
            compared.see(painted)
        figures = {"ssim": likeness(painted, content.pixels)["ssim"]}
        pairs = {"target": wanted.get(content.name)}
        if back is not None and stylizer is not None:
            pairs["cycle"] = back(painted, code).to(content.pixels)
        for name, picture in pairs.items():
            if picture is not None:
                other = painted if name == "target" else content.pixels
                figures |= {f"{name}_{figure}": value for figure, value in likeness(picture, other).items()}
        found.append(figures)
    together = {name: compared.figures(None)["fid"] for name, compared in sets.items()}
    means = {name: fmean(row[name] for row in found if name in row) for row in found[:1] for name in row}
    return {name: value for name in FIGURES if (value := (together | means).get(name)) is not None}
