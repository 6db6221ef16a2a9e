"""Pictures that were painted before, so that a discriminator does not forget them.

Source: Shrivastava et al. 2017, section 2.3.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["ImagePool"]


class ImagePool:
    """At most `size` pictures; `swap` hands back some of them in place of new ones."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.pictures: list[Tensor] = []

    def swap(self, pictures: Tensor) -> Tensor:
        """New pictures (N, 3, H, W) -> as many: the new one or, half of the time, an older one whose place it takes."""
        found = []
        for picture in pictures.detach().split(1):
            if len(self.pictures) < self.size:
                self.pictures.append(picture.clone())
                found.append(picture)
            elif self.size and torch.rand(()) < 0.5:
                at = int(torch.randint(self.size, ()))
                found.append(self.pictures[at].to(picture))
                self.pictures[at] = picture.clone()
            else:
                found.append(picture)
        return torch.cat(found)

    def state_dict(self) -> dict[str, Tensor]:
        return {str(number): picture for number, picture in enumerate(self.pictures)}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.pictures = [state[str(number)] for number in range(len(state))]
