"""Models that the project has released outside its package, for being too large for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["RELEASES", "Release"]


@dataclass(frozen=True)
class Release:
    """Where a model file is, and what it must be."""

    url: str
    """Ends with the model's name and ".safetensors"."""
    sha256: str


RELEASES: Mapping[str, Release] = {}
"""By name. A model is entered here when it is uploaded, with the sha256 of what was."""
