"""A model's card: what it is, what it was made from, and how good it was found to be.

It travels in the header of the model's safetensors file, one string per field.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import torch
from torch import Tensor

__all__ = ["Card", "checksum"]

MARK = "vidstyle"  # the metadata key that says that a card is there, and its version
VERSION = "1"


@dataclass(frozen=True, kw_only=True)
class Card:
    """What is known about a model."""

    name: str
    architecture: str
    parameters: int = 0
    """Number of weights, style encoder included."""
    licence: str = "unknown"
    data: str = ""
    """What it was trained on."""
    teacher: str = ""
    """The perceptual encoder of the training losses."""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    """The training's settings (JSON types)."""
    commit: str = ""
    """The commit of the code that trained it."""
    quality: Mapping[str, float] = field(default_factory=dict)
    """Measured figures, by metric."""
    checksum: str = ""
    """sha256 over the tensors as stored; see `checksum`."""

    def to_metadata(self) -> dict[str, str]:
        """The card as safetensors metadata: text as it is, everything else as JSON."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return {MARK: VERSION} | {
            key: value if isinstance(value, str) else json.dumps(value, sort_keys=True) for key, value in values.items()
        }

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> Card | None:
        """The card in a file's metadata; None where there is none. Unknown fields are ignored.

        ValueError where a field does not read.
        """
        if MARK not in metadata:
            return None
        values: dict[str, Any] = {}
        for entry in fields(cls):
            if entry.name in metadata:
                text = metadata[entry.name]
                values[entry.name] = text if entry.type == "str" else json.loads(text)
        if not {"name", "architecture"} <= values.keys():
            raise ValueError("the card has no name or no architecture")
        for key, kind in (("parameters", int), ("recipe", dict), ("quality", dict)):
            if key in values and not isinstance(values[key], kind):
                raise ValueError(f"the card's {key} is not a {kind.__name__}")
        return cls(**values)


def checksum(state: Mapping[str, Tensor]) -> str:
    """sha256, in hex, over names, types, shapes and bytes of all tensors, in the order of their names."""
    digest = hashlib.sha256()
    for key in sorted(state):
        tensor = state[key].detach().cpu().contiguous()
        digest.update(f"{key} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
