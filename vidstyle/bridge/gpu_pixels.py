"""What `pixels` does on a CPU, in PyTorch: bytes travel, and are converted where the net is."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.media.colour import rgb_matrix, yuv_matrix

from .pixels import chroma_of, luma_of
from .protocol import Format, Layout

__all__ = ["read", "write"]


def read(slot: np.ndarray, layout: Layout, device: torch.device) -> Tensor:
    """A picture, (bytes,) uint8 -> (1, 3, H, W), float32 in [0, 1], on `device`, channels last in memory."""
    codes = torch.from_numpy(slot).to(device)
    whole = codes[: layout.width * layout.height * (4 if layout.rgb else 1)].view(layout.height, layout.width, -1)
    if layout.rgb:
        pixels = whole[..., :3] if layout.format == Format.RGBA else whole[..., :3].flip(-1)
        return pixels.to(torch.float32).div_(255).permute(2, 0, 1)[None]
    chroma = codes[layout.width * layout.height :]
    if layout.format == Format.NV12:
        chroma = chroma.view(*layout.chroma, 2).permute(2, 0, 1)
    small = chroma.reshape(1, 2, *layout.chroma).to(torch.float32)
    large = F.interpolate(small, scale_factor=2, mode="bilinear", align_corners=False)
    yuv = torch.cat([whole.permute(2, 0, 1)[None], large[..., : layout.height, : layout.width]], 1)
    return _mapped(yuv, rgb_matrix(layout.matrix, layout.full_range, 8, 1.0)).clamp_(0, 1)


def write(frame: Tensor, slot: np.ndarray, layout: Layout) -> None:
    """The inverse of `read`, for values in [0, 1]; alpha stays as it is."""
    if layout.rgb:
        codes = _codes(frame[0].permute(1, 2, 0).float() * 255)
        picture = slot.reshape(layout.height, layout.width, 4)
        picture[..., :3] = codes if layout.format == Format.RGBA else codes[..., ::-1]
        return
    yuv = _mapped(frame.float(), yuv_matrix(layout.matrix, layout.full_range, 8, 1.0))
    even = F.pad(yuv[:, 1:], (0, layout.width % 2, 0, layout.height % 2), mode="replicate")
    luma_of(slot, layout)[:] = _codes(yuv[0, 0])
    chroma_of(slot, layout)[:] = _codes(F.avg_pool2d(even, 2)[0].permute(1, 2, 0))


def _mapped(pixels: Tensor, matrix: np.ndarray) -> Tensor:
    """An affine map (3, 4) of every pixel of (1, 3, H, W)."""
    whole = pixels.new_tensor(matrix)
    mapped = (whole[:, :3] @ pixels[0].flatten(1) + whole[:, 3:]).view_as(pixels)
    return mapped.contiguous(memory_format=torch.channels_last)


def _codes(values: Tensor) -> np.ndarray:
    return values.round().clamp_(0, 255).to(torch.uint8).cpu().numpy()
