"""PatchGAN: whether each patch of a picture is of a domain.

Source: Isola et al. 2017 (appendix 6.1.2, 70×70 patches); Miyato et al. 2018 (spectral normalisation).
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

__all__ = ["PatchGAN"]


class PatchGAN(nn.Module):
    """Logits (N, 1, h, w) of overlapping patches of pictures (N, 3, H, W) in [0, 1].

    width: channels after the first convolution; depth: strided convolutions (three see 70×70 pixels). spectral: bound
    every convolution's gain in place of normalising what it gives.
    """

    def __init__(self, width: int = 64, depth: int = 3, spectral: bool = False) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for number in range(depth + 1):
            outputs = width * min(2**number, 8)
            convolution = nn.Conv2d(inputs, outputs, 4, stride=2 if number < depth else 1, padding=1)
            layers.append(spectral_norm(convolution) if spectral else convolution)
            if number and not spectral:
                layers.append(nn.InstanceNorm2d(outputs))
            layers.append(nn.LeakyReLU(0.2))
            inputs = outputs
        last = nn.Conv2d(inputs, 1, 4, padding=1)
        self.model = nn.Sequential(*layers, spectral_norm(last) if spectral else last)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.model(pictures * 2 - 1)
