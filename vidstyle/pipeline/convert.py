"""Between decoded pictures and batches on the compute device."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from vidstyle.frames import Batch, Frame
from vidstyle.scaling import resize

__all__ = ["Download", "upload"]


def upload(frames: list[Frame], device: torch.device, size: tuple[int, int]) -> Batch:
    """Frames of one size -> a batch of (width, height) `size`: (N, 3, H, W), float32 in [0, 1], on `device`."""
    pixels = np.stack([frame.rgb for frame in frames])  # (N, H, W, 3)
    if pixels.dtype == np.uint16:
        # PyTorch has few operations on uint16.
        tensor = torch.from_numpy(pixels.astype(np.int32))
        largest = 65535
    else:
        tensor = torch.from_numpy(pixels)
        largest = 255
    if device.type == "cuda":
        tensor = tensor.pin_memory().to(device, non_blocking=True)
    # Channels stay last in memory, as decoders, encoders and, on a CPU, nets have them.
    batch = tensor.to(device).permute(0, 3, 1, 2).to(torch.float32).div_(largest)  # (N, 3, H, W)
    return Batch(resize(batch, size), frames)


class Download:
    """Painted pixels on their way back: `frames()` waits for them and hands out the frames, painted.

    On a GPU the copy runs beside the next batch's work.
    """

    def __init__(self, batch: Batch) -> None:
        self._frames = batch.frames
        deep = batch.frames[0].rgb.dtype == np.uint16
        pixels = batch.pixels.permute(0, 2, 3, 1)  # (N, H, W, 3)
        if pixels.device.type == "cpu" and not deep:
            # In one pass, where PyTorch makes three.
            codes = torch.from_numpy(np.stack([cv2.convertScaleAbs(one.numpy(), alpha=255) for one in pixels.float()]))
        else:
            codes = pixels.mul(65535 if deep else 255).round_().to(torch.int32 if deep else torch.uint8).contiguous()
        self._ready = None
        if codes.device.type == "cuda":
            host = torch.empty(codes.shape, dtype=codes.dtype, pin_memory=True)
            host.copy_(codes, non_blocking=True)
            self._ready = torch.cuda.Event()
            self._ready.record()
            self._codes = host
        else:
            self._codes = codes.cpu()
        self._deep = deep

    @property
    def immediate(self) -> bool:
        """Nothing to wait for: the pixels were on the CPU already."""
        return self._ready is None

    def frames(self) -> list[Frame]:
        if self._ready is not None:
            self._ready.synchronize()
        codes: Tensor = self._codes
        array = codes.numpy().astype(np.uint16) if self._deep else codes.numpy()
        for frame, rgb in zip(self._frames, array, strict=True):
            frame.rgb = rgb
        return self._frames
