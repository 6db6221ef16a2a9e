"""A session over HTTP: GET /status, GET and POST /controls, GET /picture.jpg, POST /stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vidstyle.errors import VidstyleError

from .door import Door, Visit
from .steering import Steering, jpeg

__all__ = ["open_api"]


def open_api(host: str, port: int, token: str | None, steering: Steering, status: Callable[[], dict[str, Any]]) -> Door:
    """Answer until the door is closed."""

    def serve(visit: Visit) -> None:
        match visit.command, visit.where:
            case "GET", "/status":
                visit.answer(status())
            case "GET", "/controls":
                visit.answer(status()["look"])
            case "POST", "/controls":
                try:
                    steering.change(visit.json())
                except (VidstyleError, ValueError) as error:
                    return visit.refuse(400, str(error))
                visit.answer(status()["look"])
            case "GET", "/picture.jpg":
                picture = steering.picture()
                if picture is None:
                    return visit.refuse(404, "there is no picture yet")
                visit.answer(jpeg(picture), "image/jpeg")
            case "POST", "/stop":
                try:
                    visit.json()
                except ValueError as error:
                    return visit.refuse(400, str(error))
                visit.answer({"stopping": True})
                steering.quit.set()
            case _:
                visit.refuse(404, "there are /status, /controls, /picture.jpg and /stop")

    return Door(host, port, token, serve)
