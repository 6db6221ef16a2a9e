"""Who is let in, and what a request may do."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest

from vidstyle import OptionError, OutputError
from vidstyle.live import Controls
from vidstyle.live.api import open_api
from vidstyle.live.door import Door, place
from vidstyle.live.mjpeg import MjpegSink
from vidstyle.live.steering import Steering

PICTURE = np.full((48, 64, 3), (200, 40, 90), np.uint8)


@pytest.fixture
def steering() -> Steering:
    return Steering(Controls("waves"), lambda: PICTURE)


def opened(steering: Steering, token: str | None = None) -> Door:
    return open_api("127.0.0.1", 0, token, steering, lambda: {"look": {"strength": steering.controls.look.strength}})


@pytest.fixture
def door(steering: Steering) -> Iterator[Door]:
    door = opened(steering)
    yield door
    door.close()


def ask(address: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", **{key.replace("_", "-"): value for key, value in headers.items()}}
    try:
        with urllib.request.urlopen(urllib.request.Request(address, data, headers), timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_the_look_changes_on_request(door: Door, steering: Steering) -> None:
    status, body = ask(f"{door.address}/controls", {"strength": 0.25, "styles": ["ink", ["glass", 3]]})
    assert (status, json.loads(body)) == (200, {"strength": 0.25})
    assert steering.controls.look.styles == (("ink", 1.0), ("glass", 3.0))
    assert ask(f"{door.address}/status")[0] == 200
    status, body = ask(f"{door.address}/picture.jpg")
    assert np.abs(cv2.imdecode(np.frombuffer(body, np.uint8), 1)[..., ::-1].astype(int) - PICTURE).mean() < 3


@pytest.mark.parametrize(
    "body",
    [
        {"styles": "/etc/passwd"},
        {"styles": ["../secret.jpg"]},
        {"styles": "dcgan@/etc/passwd:3"},
        {"styles": [["ink", "much"]]},
        {"styles": ["ink"] * 17},
        {"strength": 7},
        {"strength": True},
        {"max_side": 0.5},
        {"temporal": "best"},
        {"unknown": 1},
        [],
        "ink",
    ],
)
def test_what_makes_no_sense_or_is_not_allowed_is_refused(door: Door, steering: Steering, body: Any) -> None:
    before = steering.controls.look
    status, answer = ask(f"{door.address}/controls", body)
    assert status == 400
    assert json.loads(answer)["error"]
    assert steering.controls.look is before


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Sec_Fetch_Site": "cross-site"}, {"Content_Type": "text/plain"}]
)
def test_pages_from_elsewhere_are_not_let_in(door: Door, steering: Steering, headers: dict[str, str]) -> None:
    assert ask(f"{door.address}/stop", {}, **headers)[0] in (400, 403)
    assert not steering.quit.is_set()


def test_elsewhere_a_token_is_needed(steering: Steering) -> None:
    with pytest.raises(OptionError, match="token"):
        Door("0.0.0.0", 0, None, lambda visit: None)
    door = opened(steering, token="sesame")
    assert ask(f"{door.address}/status")[0] == 403
    assert ask(f"{door.address}/status?token=wrong")[0] == 403
    assert ask(f"{door.address}/status?token=sesame")[0] == 200
    assert ask(f"{door.address}/status", Authorization="Bearer sesame")[0] == 200
    door.close()


def test_a_place_that_is_taken_is_said(door: Door) -> None:
    with pytest.raises(OutputError, match="listen"):
        Door(*place(door.address.removeprefix("http://")), None, lambda visit: None)


def test_pictures_over_http_are_the_newest(steering: Steering) -> None:
    sink = MjpegSink("127.0.0.1", 0, None)
    stream = urllib.request.urlopen(sink.address, timeout=5)
    for value in (20, 90, 160):
        sink.show(np.full((48, 64, 3), value, np.uint8), 0.0)
        head = b"".join(iter(stream.readline, b"\r\n"))
        jpeg = stream.read(int(head.rpartition(b"Length: ")[2]))
        assert stream.read(2) == b"\r\n"
        assert abs(cv2.imdecode(np.frombuffer(jpeg, np.uint8), 1).mean() - value) < 2
    sink.close()
