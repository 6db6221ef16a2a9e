"""Generators of style pictures."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from vidstyle.errors import ModelError
from vidstyle.nets.dcgan import DCGAN, latent, slerp

from .checkpoint import read_state_dict

__all__ = ["imagine", "load_generator"]

BUILT_IN = Path(__file__).parents[1] / "assets" / "generators" / "dcgan.safetensors"


def load_generator(path: str | Path = "") -> DCGAN:
    """The generator in a file, or the built-in one. ModelError where there is none."""
    file = Path(path) if str(path) else BUILT_IN
    if not file.is_file():
        where = f"there is no file {path}" if str(path) else "no generator of styles is built in"
        raise ModelError(f"{where}; train one with vidstyle train dcgan, and name it: dcgan@FILE:SEED")
    state, _ = read_state_dict(file)
    try:
        return DCGAN.from_state_dict(state)
    except ValueError as error:
        raise ModelError(f"{path or file} is no generator of styles: {error}") from None


@torch.inference_mode()
def imagine(generator: DCGAN, seed: int, following: int, share: float) -> Tensor:
    """The picture (1, 3, S, S) in [0, 1] of a seed, `share` of the way to that of another."""
    z = latent(seed, generator.size)
    return generator(slerp(z, latent(following, generator.size), share) if share else z).clamp(0, 1)
