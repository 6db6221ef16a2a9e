"""Keyframes as files: an interrupted run goes on with them, and a frame painted by hand takes part in the clip.

A file that was painted here tells of what, so that none is taken for another clip's or style's.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from vidstyle.errors import OptionError
from vidstyle.pictures import as_image, load_image
from vidstyle.staging import StagedFile
from vidstyle.stylizers.code import StyleCode
from vidstyle.temporal.raster import luma, resized

from .energy import STYLE_LAYERS

__all__ = ["Kept"]

TEXT = "vidstyle keyframe"
"""Key of the text in a file that tells of what it was painted."""
SAME, NEAR = 0.01, 0.02
"""By so large a share its numbers may differ, and by so much in any case: machines and decoders do not quite agree."""


@dataclass(frozen=True)
class Kept:
    """The file of one frame in a folder. frame: (1, 3, H, W); code: the style that it is painted in."""

    folder: Path
    number: int
    frame: Tensor
    code: StyleCode

    @property
    def path(self) -> Path:
        return self.folder / f"{self.number:06}.png"

    def load(self) -> Tensor | None:
        """The painting (1, 3, H, W); None where there is no file. OptionError where it is of another frame or style."""
        if not self.path.is_file():
            return None
        if self._strange():
            raise OptionError(
                f"{self.path} is of another clip, style or strength; give another --keyframes folder, or delete it"
            )
        picture = torch.from_numpy(load_image(self.path)).permute(2, 0, 1)[None].to(self.frame) / 255
        return resized(picture, (self.frame.shape[-2], self.frame.shape[-1]))

    def save(self, painted: Tensor) -> None:
        about = PngInfo()
        about.add_text(TEXT, " ".join(f"{number:.5g}" for number in self._about()))
        with StagedFile(self.path, overwrite=True) as file:
            as_image(painted[0]).save(file.path, format="png", pnginfo=about)

    def _about(self) -> np.ndarray:
        """Strength, whether colours are kept, norms of the style's Gram matrices, the frame's luma in 4×4 places."""
        norms = [float(gram.norm()) for gram in self.code.tensors[: len(STYLE_LAYERS)]]
        places = resized(luma(self.frame), (4, 4)).flatten().tolist()
        return np.array([self.code.strength, self.code.keep_color, *norms, *places])

    def _strange(self) -> bool:
        """Whether the file says that it is of something else. One that says nothing was painted by hand."""
        try:
            with Image.open(self.path) as image:
                text = str(image.info.get(TEXT, ""))
            found = np.array(text.split(), float)
        except (OSError, UnidentifiedImageError, ValueError):
            return False
        own = self._about()
        return found.shape == own.shape and not np.allclose(found, own, rtol=SAME, atol=NEAR)
