"""Pictures over HTTP, one JPEG after the other: any browser shows them."""

from __future__ import annotations

import threading

import cv2
import numpy as np

from .door import Door, Visit

__all__ = ["MjpegSink"]

QUALITY = 85
BETWEEN = "frame"


class MjpegSink:
    """Serves at a place; every visitor gets the newest picture when it has taken the last. Silent."""

    connected = True

    def __init__(self, host: str, port: int, token: str | None) -> None:
        self._changed = threading.Condition()
        self._picture: np.ndarray | None = None
        self._number = 0
        self._encoding = threading.Lock()
        self._jpeg = 0, b""
        self._closed = False
        self._door = Door(host, port, token, self._serve)
        self.address = self._door.address

    def show(self, rgb: np.ndarray, seconds: float) -> None:
        with self._changed:
            self._picture, self._number = rgb, self._number + 1
            self._changed.notify_all()

    def hear(self, samples: np.ndarray, seconds: float) -> None:
        """Pictures have no sound."""

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._door.close()

    abort = close

    def _serve(self, visit: Visit) -> None:
        if visit.command != "GET" or visit.where != "/":
            return visit.refuse(404, "the pictures are at /")
        visit.begin(f"multipart/x-mixed-replace; boundary={BETWEEN}")
        number = 0
        while (after := self._after(number)) is not None:
            number, picture = after
            jpeg = self._encoded(number, picture)
            head = f"--{BETWEEN}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            visit.wfile.write(head.encode() + jpeg + b"\r\n")

    def _after(self, number: int) -> tuple[int, np.ndarray] | None:
        """The newest picture and its number, once it is not that one; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._number != number)
            return None if self._closed or self._picture is None else (self._number, self._picture)

    def _encoded(self, number: int, picture: np.ndarray) -> bytes:
        """For all visitors once."""
        with self._encoding:
            if self._jpeg[0] != number:
                _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
                self._jpeg = number, data.tobytes()
            return self._jpeg[1]
