"""Between pictures in a slot and frames on the compute device, by the closed forms of ITU-T H.273.

Chroma of half the size lies in the middle of four pixels: it is enlarged bilinearly and made smaller by means.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.media.colour import rgb_matrix, yuv_matrix

from .protocol import Format, Layout

__all__ = ["read", "write"]


def read(slot: np.ndarray, layout: Layout, device: torch.device) -> Tensor:
    """A picture, (bytes,) uint8 -> (1, 3, H, W), float32 in [0, 1], on `device`; channels last in memory."""
    codes = torch.from_numpy(slot).to(device)
    if layout.format in (Format.RGBA, Format.BGRA):
        order = [0, 1, 2] if layout.format == Format.RGBA else [2, 1, 0]
        pixels = codes.view(layout.height, layout.width, 4)[..., order]
        return pixels.to(torch.float32).div_(255).permute(2, 0, 1)[None]
    luma, chroma = _planes(codes, layout)
    small = chroma.to(torch.float32)[None]  # (1, 2, H/2, W/2)
    large = F.interpolate(small, scale_factor=2, mode="bilinear", align_corners=False)
    yuv = torch.cat([luma[None, None].to(torch.float32), large[..., : layout.height, : layout.width]], 1)
    rgb = _mapped(yuv, rgb_matrix(layout.matrix, layout.full_range, 8, 1.0))
    return rgb.clamp_(0, 1)


def write(frame: Tensor, slot: np.ndarray, layout: Layout) -> None:
    """The inverse of `read`; alpha stays as it is."""
    frame = frame.float()
    if layout.format in (Format.RGBA, Format.BGRA):
        codes = frame[0].permute(1, 2, 0).mul(255).round_().to(torch.uint8).cpu()
        if layout.format == Format.BGRA:
            codes = codes.flip(-1)
        slot.reshape(layout.height, layout.width, 4)[..., :3] = codes.numpy()
        return
    yuv = _mapped(frame, yuv_matrix(layout.matrix, layout.full_range, 8, 1.0))
    odd = (0, layout.width % 2, 0, layout.height % 2)
    small = F.avg_pool2d(F.pad(yuv[:, 1:], odd, mode="replicate"), 2)
    luma, chroma = _planes(torch.from_numpy(slot), layout)
    luma.copy_(_codes(yuv[0, 0]))
    chroma.copy_(_codes(small[0]))


def _planes(codes: Tensor, layout: Layout) -> tuple[Tensor, Tensor]:
    """Views of the luma (H, W) and the chroma (2, H/2, W/2) of a Y'CbCr picture."""
    luma, chroma = codes.split([layout.width * layout.height, layout.size - layout.width * layout.height])
    if layout.format == Format.NV12:
        return luma.view(layout.height, layout.width), chroma.view(*layout.chroma, 2).permute(2, 0, 1)
    return luma.view(layout.height, layout.width), chroma.view(2, *layout.chroma)


def _mapped(pixels: Tensor, matrix: np.ndarray) -> Tensor:
    """An affine map (3, 4) of every pixel of (1, 3, H, W)."""
    whole = pixels.new_tensor(matrix)
    mapped = F.conv2d(pixels, whole[:, :3, None, None], whole[:, 3])
    return mapped.contiguous(memory_format=torch.channels_last)


def _codes(values: Tensor) -> Tensor:
    return values.round().clamp_(0, 255).to(torch.uint8)
