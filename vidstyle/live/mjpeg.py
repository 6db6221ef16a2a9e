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

    def __init__(self, host: str, port: int, token: str | None) -> None:
        self._changed = threading.Condition()
        self._jpeg = b""
        self._number = self._visitors = 0
        self._closed = False
        self._door = Door(host, port, token, self._serve)
        self.address = self._door.address

    def show(self, rgb: np.ndarray, seconds: float) -> None:
        if self._visitors:
            _, data = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
            with self._changed:
                self._jpeg, self._number = data.tobytes(), self._number + 1
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
        with self._changed:
            self._visitors += 1
        try:
            number = self._number
            while True:
                with self._changed:
                    while not self._closed and self._number == number:
                        self._changed.wait()
                    if self._closed:
                        return
                    number, jpeg = self._number, self._jpeg
                head = f"--{BETWEEN}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                visit.wfile.write(head.encode() + jpeg + b"\r\n")
        finally:
            with self._changed:
                self._visitors -= 1
