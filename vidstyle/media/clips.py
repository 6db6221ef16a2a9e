"""Clips that are looked at rather than processed: to learn from, to judge by."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vidstyle.errors import InputError
from vidstyle.media.source import Source

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["as_tensors", "list_clips"]

SUFFIXES = (".avi", ".gif", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".ts", ".webm")


def list_clips(path: Path) -> list[Path]:
    """The file itself, or the clips in a folder, by name. InputError where there are none."""
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
    if not found:
        raise InputError(f"{path} holds no clips")
    return found


def as_tensors(source: Source) -> Iterator[Tensor]:
    """The frames, (1, 3, H, W), float32 in [0, 1], with channels last in memory."""
    import torch  # here, for it takes seconds that `vidstyle probe` need not wait

    for frame in source:
        largest = np.iinfo(frame.rgb.dtype).max
        yield torch.from_numpy(frame.rgb.astype(np.float32) / largest).permute(2, 0, 1)[None]
