"""DCGAN: pictures out of random numbers.

Sources: Radford, Metz, Chintala 2016, "Unsupervised Representation Learning with Deep Convolutional Generative
Adversarial Networks", section 3; Odena et al. 2016 (upsample and convolve, which paints no checkerboard); White 2016
(spherical interpolation between latent vectors).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import Tensor, nn

__all__ = ["DCGAN", "Critic", "latent", "slerp"]

FIRST = 4
"""Side of the smallest picture inside."""
LARGEST = 6
"""Doublings, of the largest generators that are taken: 256 pixels."""
MOST = 16
"""Times the width, at the smallest size."""


def _widths(width: int, doublings: int) -> list[int]:
    """Channels from the smallest size to the largest."""
    return [width * min(MOST, 2 ** max(0, doublings - 1 - level)) for level in range(doublings + 1)]


class DCGAN(nn.Module):
    """Latent vectors (N, L) -> pictures (N, 3, S, S) in [0, 1], S = 4 · 2^doublings."""

    def __init__(self, size: int = 100, width: int = 32, doublings: int = 5) -> None:
        """size: L. width: channels at the largest size; they double with every halving, up to sixteen times."""
        super().__init__()
        self.size, self.side = size, FIRST * 2**doublings
        widths = _widths(width, doublings)
        self.first = nn.Linear(size, widths[0] * FIRST**2, bias=False)
        self.norm = nn.BatchNorm2d(widths[0])
        self.up = nn.ModuleList(
            nn.Sequential(
                nn.Upsample(scale_factor=2, mode="nearest"),
                nn.Conv2d(one, two, 3, padding=1, bias=False),
                nn.BatchNorm2d(two),
                nn.ReLU(),
            )
            for one, two in pairwise(widths)
        )
        self.out = nn.Conv2d(widths[-1], 3, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        x = torch.relu(self.norm(self.first(z).unflatten(1, (-1, FIRST, FIRST))))
        for up in self.up:
            x = up(x)
        return (torch.tanh(self.out(x)) + 1) / 2

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Tensor]) -> DCGAN:
        """A generator of the sizes that the tensors have. ValueError where they are not a generator's."""
        try:
            doublings = len({key.split(".")[1] for key in state if key.startswith("up.")})
            if doublings > LARGEST or not all(tensor.isfinite().all() for tensor in state.values()):
                raise KeyError
            with torch.device("meta"):
                net = cls(state["first.weight"].shape[1], state["out.weight"].shape[1], doublings)
            counts = {key: torch.tensor(0) for key in net.state_dict() if key.endswith("num_batches_tracked")}
            net.load_state_dict(counts | {key: tensor.float() for key, tensor in state.items()}, assign=True)
        except (KeyError, IndexError, RuntimeError):
            raise ValueError("its tensors are not those of a DCGAN generator") from None
        return net.eval()


class Critic(nn.Module):
    """Pictures (N, 3, S, S) in [0, 1] -> how real each is, logits (N,)."""

    def __init__(self, width: int = 32, doublings: int = 5) -> None:
        super().__init__()
        widths = [3, *reversed(_widths(width, doublings)[:-1])]
        layers: list[nn.Module] = []
        for number, (one, two) in enumerate(pairwise(widths)):
            layers.append(nn.Conv2d(one, two, 4, stride=2, padding=1, bias=not number))
            layers += [nn.BatchNorm2d(two)] * bool(number) + [nn.LeakyReLU(0.2)]
        self.model = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, FIRST))

    def forward(self, pictures: Tensor) -> Tensor:
        return self.model(pictures * 2 - 1).flatten()


def latent(seed: int, size: int) -> Tensor:
    """The latent vector (1, size) of a seed, the same everywhere."""
    return torch.randn(1, size, generator=torch.Generator().manual_seed(seed))


def slerp(one: Tensor, other: Tensor, share: float) -> Tensor:
    """From one latent vector (1, L) to another on a great circle, their lengths blended."""
    lengths = one.norm(), other.norm()
    angle = torch.acos((one * other).sum().div(lengths[0] * lengths[1]).clamp(-1, 1))
    if float(angle.sin()) < 1e-4:  # in line: there is no circle to go by
        return one.lerp(other, share)
    first, second = torch.sin((1 - share) * angle) / angle.sin(), torch.sin(share * angle) / angle.sin()
    return (first * one / lengths[0] + second * other / lengths[1]) * torch.lerp(*lengths, share)
