"""Figures of a whole set of paintings by Inception v3: FID, ArtFID and the Inception score.

Sources: Heusel et al. 2017 (FID); Salimans et al. 2016, section 4 (IS); Wright & Ommer 2022, eq. 6 (ArtFID, whose
own Inception was trained on art: with torchmetrics' it is like ArtFID, not ArtFID itself).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from urllib.error import URLError

import torch
from torch import Tensor, nn

from vidstyle.errors import InputError, MissingExtra
from vidstyle.zoo.vision import import_torchvision

__all__ = ["Inception"]


class Inception:
    """Compares all paintings of a model with all styles. Pictures are (N, 3, H, W) in [0, 1], any sizes."""

    def __init__(self, device: torch.device | str = "cpu", features: nn.Module | None = None) -> None:
        """features: in Inception's place, pictures -> (N, K), with `num_features`.

        MissingExtra without torchmetrics; InputError where Inception's weights cannot be had.
        """
        import_torchvision()  # torchmetrics imports it
        try:
            from torchmetrics.image.fid import FrechetInceptionDistance
            from torchmetrics.image.inception import InceptionScore

            self.distance = FrechetInceptionDistance(features or 2048, normalize=True).to(device)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # it keeps the features of all pictures
                self.score = InceptionScore(features or "logits_unbiased", normalize=True).to(device)
        except ModuleNotFoundError:
            raise MissingExtra("torchmetrics or torch-fidelity", "evaluate") from None
        except (URLError, OSError) as error:
            raise InputError(f"Inception's weights cannot be downloaded ({error}); leave --inception away") from None

    def begin(self, styles: Iterable[Tensor]) -> None:
        """Forget the paintings seen, and compare with these styles from now on."""
        self.distance.reset()
        self.score.reset()
        for style in styles:
            self.distance.update(style.to(self.distance.device), real=True)

    def see(self, paintings: Tensor) -> None:
        paintings = paintings.to(self.distance.device)
        self.distance.update(paintings, real=False)
        self.score.update(paintings)

    def figures(self, lpips: float | None) -> dict[str, float]:
        """fid, is, and where the paintings' mean distance to their contents is known, artfid. Two pictures each."""
        fid = self.distance.compute().item()
        found = {"fid": fid, "is": self.score.compute()[0].item()}
        return found if lpips is None else {**found, "artfid": (1 + fid) * (1 + lpips)}
