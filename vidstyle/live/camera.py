"""A virtual camera, which video calls can choose."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from vidstyle.errors import OutputError

__all__ = ["CameraSink"]


class CameraSink:
    """device: which one, where there are several; None for the first. Silent."""

    connected = True

    def __init__(self, size: tuple[int, int], rate: float, device: str | None) -> None:
        import pyvirtualcam

        try:
            self._camera: Any = pyvirtualcam.Camera(*size, fps=rate, device=device)
        except (RuntimeError, ValueError, OSError) as error:
            why = " ".join(str(error).split())
            raise OutputError(f"there is no virtual camera ({why}); see docs/live.md for what makes one") from None

    def show(self, rgb: np.ndarray, seconds: float) -> None:
        try:
            self._camera.send(np.ascontiguousarray(rgb))
        except (RuntimeError, OSError) as error:
            raise OutputError(f"the virtual camera broke off: {error}") from None

    def hear(self, samples: np.ndarray, seconds: float) -> None:
        """A camera has no sound."""

    def close(self) -> None:
        self.abort()

    def abort(self) -> None:
        with suppress(RuntimeError, OSError):
            self._camera.close()
