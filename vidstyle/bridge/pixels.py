"""Between pictures in a slot and frames on the CPU, by the closed forms of ITU-T H.273.

Chroma of half the size lies in the middle of four pixels: it is enlarged bilinearly and made smaller by means.
OpenCV takes a tenth of PyTorch's time; `gpu_pixels` is the same for other devices.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from vidstyle.media.colour import rgb_matrix, yuv_matrix

from .protocol import Format, Layout

__all__ = ["chroma_of", "luma_of", "read", "write"]

SHARES = (np.arange(256) / 255).astype(np.float32)
TO_RGB = {Format.RGBA: cv2.COLOR_RGBA2RGB, Format.BGRA: cv2.COLOR_BGRA2RGB}
FROM_RGB = {Format.RGBA: [0, 0, 1, 1, 2, 2], Format.BGRA: [0, 2, 1, 1, 2, 0]}
REPEAT = cv2.BORDER_REPLICATE


def read(slot: np.ndarray, layout: Layout) -> Tensor:
    """A picture, (bytes,) uint8 -> (1, 3, H, W), float32 in [0, 1], channels last in memory."""
    if layout.rgb:
        pixels = cv2.LUT(cv2.cvtColor(slot.reshape(layout.height, layout.width, 4), TO_RGB[layout.format]), SHARES)
    else:
        rows, columns = layout.chroma
        chroma = chroma_of(slot, layout).astype(np.float32)  # (H/2, W/2, 2)
        large = cv2.resize(chroma, (2 * columns, 2 * rows), interpolation=cv2.INTER_LINEAR)
        luma = luma_of(slot, layout).astype(np.float32)
        yuv = cv2.merge([luma, *cv2.split(large[: layout.height, : layout.width])])
        pixels = cv2.transform(yuv, rgb_matrix(layout.matrix, layout.full_range, 8, 1.0))
        np.clip(pixels, 0, 1, out=pixels)
    return torch.from_numpy(pixels).permute(2, 0, 1)[None]


def write(frame: Tensor, slot: np.ndarray, layout: Layout) -> None:
    """The inverse of `read`, for values in [0, 1]; alpha stays as it is."""
    pixels = np.ascontiguousarray(frame[0].permute(1, 2, 0).numpy())  # (H, W, 3)
    if layout.rgb:
        codes = cv2.convertScaleAbs(pixels, alpha=255)
        cv2.mixChannels([codes], [slot.reshape(layout.height, layout.width, 4)], FROM_RGB[layout.format])
        return
    luma, *chroma = cv2.split(cv2.transform(pixels, yuv_matrix(layout.matrix, layout.full_range, 8, 1.0)))
    luma_of(slot, layout)[:] = cv2.convertScaleAbs(luma)
    rows, columns = layout.chroma
    for number, plane in enumerate(chroma):
        even = cv2.copyMakeBorder(plane, 0, layout.height % 2, 0, layout.width % 2, REPEAT)
        small = cv2.resize(even, (columns, rows), interpolation=cv2.INTER_AREA)
        chroma_of(slot, layout)[..., number] = cv2.convertScaleAbs(small)


def luma_of(slot: np.ndarray, layout: Layout) -> np.ndarray:
    """A view of the luma of a Y'CbCr picture, (H, W)."""
    return slot[: layout.width * layout.height].reshape(layout.height, layout.width)


def chroma_of(slot: np.ndarray, layout: Layout) -> np.ndarray:
    """A view of its chroma, (H/2, W/2, 2)."""
    codes = slot[layout.width * layout.height : layout.size]
    if layout.format == Format.NV12:
        return codes.reshape(*layout.chroma, 2)
    return codes.reshape(2, *layout.chroma).transpose(1, 2, 0)
