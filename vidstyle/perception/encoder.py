"""The perceptual encoders that judge a painting: what VGG-19 sees at relu1_1 … relu5_1, or comes near to it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from urllib.error import URLError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from vidstyle.errors import InputError
from vidstyle.nets.vgg import VGG
from vidstyle.zoo.vision import import_torchvision

__all__ = ["Perceptual", "load_glance", "load_perceptual", "normalised"]

EXACT = "vgg19_normalised_relu3_1.safetensors"
DISTILLED = "vgg19_distilled16x_relu5_1.safetensors"
GLANCE = Path(__file__).parents[1] / "assets" / "encoders" / "glance.safetensors"


class Perceptual(nn.Module):
    """Features of a deep encoder, its shallow taps replaced by an exact one's on request."""

    def __init__(self, deep: VGG, exact: VGG | None = None, about: str = "") -> None:
        """about: what it is, in words for cards and reports."""
        super().__init__()
        self.deep = deep
        self.exact = exact
        self.about = about
        self.requires_grad_(False).eval()

    def forward(self, x: Tensor, exact: bool = False, taps: Iterable[str] | None = None) -> dict[str, Tensor]:
        """x: (N, 3, H, W) in [0, 1]. Returns {"relu1_1": (N, 64, H, W), … "relu5_1": (N, 512, H/16, W/16)}.

        taps: other layers, as for `VGG`.
        """
        wanted = self.deep.taps if taps is None else tuple(taps)
        if not exact or self.exact is None:
            return self.deep(x, taps=wanted)
        shallow = self.exact(x, taps=[tap for tap in wanted if tap in self.exact.taps])
        return shallow | self.deep(x, taps=[tap for tap in wanted if tap not in shallow])


def load_perceptual(name: str | Path, pictures: Tensor | None = None) -> Perceptual:
    """An encoder by name, from a file, or from a folder that holds the distilled VGG and perhaps the exact one.

    "glance" is the project's own, in the package; "vgg19" torchvision's full VGG-19, which is downloaded once and
    normalised on `pictures`, (N, 3, H, W) in [0, 1]. InputError where there are no such weights.
    """
    path = Path(name)
    if str(name) == "glance":
        judge = Perceptual(load_glance(), about="glance")
    elif str(name) == "vgg19":
        pictures = torch.rand(8, 3, 128, 128) if pictures is None else pictures
        judge = Perceptual(normalised(_full_vgg(), pictures), about="VGG-19 of torchvision, normalised")
    elif path.is_file():
        judge = Perceptual(_read(path), about=path.stem)
    elif (path / DISTILLED).exists():
        exact = _read(path / EXACT) if (path / EXACT).exists() else None
        about = "VGG-19: distilled (relu1_1 … relu5_1)" + (", exact up to relu3_1" if exact else "")
        judge = Perceptual(_read(path / DISTILLED), exact, about)
    else:
        raise InputError(f"no encoder {name}: choose glance, vgg19, a file, or a folder that holds {DISTILLED}")
    judge.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return judge


def load_glance() -> VGG:
    """The project's own small encoder, which is in the package."""
    return _read(GLANCE)


def _read(path: Path) -> VGG:
    try:
        return VGG.from_state_dict(load_file(path))
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise InputError(f"{path} does not hold a perceptual encoder: {error}") from None


def _full_vgg() -> VGG:
    models = import_torchvision().models
    try:
        features = models.vgg19(weights=models.VGG19_Weights.IMAGENET1K_V1).features
    except (URLError, OSError, RuntimeError) as error:
        raise InputError(f"torchvision's VGG-19 cannot be downloaded ({error}); use the encoder glance") from None
    return VGG.from_state_dict(features.state_dict(), upto="relu5_1")


@torch.no_grad()
def normalised(net: VGG, pictures: Tensor) -> VGG:
    """Scale weights, in place, so that every channel's mean activation over `pictures` is 1; returns `net`.

    Max-pooling and ReLU commute with positive scales, so the net computes the same features, scaled (Gatys et al.
    2016, section 2).
    """
    for layer, following in zip(net.layers, (*net.layers[1:], None), strict=True):
        tap = f"relu{layer}"
        mean = net(pictures, taps=(tap,))[tap].mean(dim=(0, 2, 3)).clamp_min(1e-6)  # (C,)
        convolution = getattr(net, f"conv{layer}")
        convolution.weight /= mean[:, None, None, None]
        convolution.bias /= mean
        if following is not None:
            getattr(net, f"conv{following}").weight *= mean[None, :, None, None]
    return net
