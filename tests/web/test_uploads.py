"""Forms as they come in: what is refused, when, and what stays on the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vidstyle.web.kinds import ending_of, shown_name

Serve = Callable[..., Any]
VIDEO = {"video": ("clip.mp4", b"x" * 100)}


def folders(place: Path) -> list[Path]:
    """Of jobs."""
    return [path for path in place.glob("vidstyle-web-*/*") if path.is_dir()]


@pytest.mark.parametrize(
    ("files", "data", "code", "words"),
    [
        ({}, {"style": "waves"}, 415, "multipart"),
        ({"picture": ("a.png", b"x")}, {}, 422, "no video"),
        ({"video": ("clip.mp4", b"")}, {"style": "waves"}, 422, "empty"),
        (VIDEO, {}, 422, "brushwork"),
        (VIDEO, {"style": "../../etc/passwd"}, 422, "no such style"),
        (VIDEO, {"style": "dcgan:3"}, 422, "no such style"),
        (VIDEO | {"picture": ("a.png", b"x")}, {"style": "waves"}, 422, "not both"),
        (VIDEO | {"picture": ("a.svg", b"x")}, {}, 422, "a.svg is no style picture"),
        (VIDEO | {"picture": (None, b"x")}, {}, 422, "unnamed is no style picture"),
        (VIDEO, {"style": "waves", "strength": "2"}, 422, "strength"),
        (VIDEO, {"style": "waves", "strength": "nan"}, 422, "strength"),
        (VIDEO, {"style": "waves", "keep_color": "0"}, 422, "keep_color"),
        (VIDEO, {"style": "waves", "temporal": "; rm -rf /"}, 422, "temporal"),
        (VIDEO, {"style": "waves", "output": "/etc/passwd"}, 422, "output"),
        (VIDEO | {"other": ("a.png", b"x")}, {"style": "waves"}, 422, "other"),
        (VIDEO, {"style": ["waves", "waves"]}, 422, "twice"),
        (VIDEO, {"style": "w" * 5000}, 413, "too long"),
        (VIDEO, {f"f{i}": "1" for i in range(30)}, 413, "too many"),
        ({"video": ("clip.mp4", b"x" * 2000)}, {"style": "waves"}, 413, "video is too large"),
        ({"video": ("clip.mp4", b"x" * 80_000)}, {"style": "waves"}, 413, "too large"),
        (VIDEO | {"picture": ("a.png", b"x" * 600)}, {}, 413, "picture is too large"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_line(
    serve: Serve, tmp_path: Path, files: dict[str, Any], data: dict[str, Any], code: int, words: str
) -> None:
    answer = serve(max_bytes=1000, max_style_bytes=500).post("/api/jobs", files=files or None, data=data)
    assert answer.status_code == code
    assert words in answer.json()["detail"]
    assert "\n" not in answer.json()["detail"]
    assert not folders(tmp_path)


@pytest.mark.parametrize(
    "body",
    [b"", b"--x", b'--x\r\nContent-Disposition: form-data; name="style"\r\n\r\nwav', b"\0" * 500, b"--y\r\n\r\n--y--"],
)
def test_broken_forms_are_refused(serve: Serve, tmp_path: Path, body: bytes) -> None:
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    assert serve().post("/api/jobs", content=body, headers=kind).status_code == 400
    assert not folders(tmp_path)


HEAD = b'--x\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\n'


def ask(app: Any, receive: Callable[[], Any]) -> int:
    """POST a form that comes in bit by bit; the answer's code."""
    codes: list[int] = []

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            codes.append(message["status"])

    headers = [(b"host", b"localhost"), (b"content-type", b"multipart/form-data; boundary=x")]
    scope = {"type": "http", "method": "POST", "path": "/api/jobs", "raw_path": b"/api/jobs", "query_string": b""}
    scope |= {"headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 1), "scheme": "http"}

    async def run() -> None:
        await app({**scope, "http_version": "1.1", "root_path": ""}, receive, send)

    asyncio.run(run())
    return codes[0]


def test_an_upload_without_a_length_is_stopped_where_it_becomes_too_large(serve: Serve, tmp_path: Path) -> None:
    given = 0

    async def receive() -> dict[str, Any]:
        nonlocal given
        given += 1
        body = HEAD if given == 1 else b"x" * 10_000
        return {"type": "http.request", "body": body, "more_body": True}  # for ever

    assert ask(serve(max_bytes=100_000).app, receive) == 413
    assert given < 15
    assert not folders(tmp_path)


def test_an_upload_that_stops_is_given_up(serve: Serve, tmp_path: Path) -> None:
    given = 0

    async def receive() -> dict[str, Any]:
        nonlocal given
        given += 1
        if given > 1:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": HEAD, "more_body": True}

    assert ask(serve(upload_seconds=0.3).app, receive) == 408
    assert not folders(tmp_path)


def test_an_upload_whose_sender_leaves_is_forgotten(serve: Serve, tmp_path: Path) -> None:
    messages = [{"type": "http.request", "body": HEAD, "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    assert ask(serve().app, receive) == 400
    assert not folders(tmp_path)


@pytest.mark.parametrize(
    ("name", "ending", "shown"),
    [
        ("../../../etc/cron.d/x.mp4", ".mp4", "x.mp4"),
        ("..\\..\\windows\\a.MKV", ".mkv", "a.MKV"),
        ("a.mp4/../../b", "", "b"),
        ("c:evil.py", "", "evil.py"),
        ("a\0b\n\x1b[31m.mov", ".mov", "ab[31m.mov"),
        ("%04d.png", ".png", "%04d.png"),
        ("-o.mp4", ".mp4", "-o.mp4"),
        (" ", "", "unnamed"),
        ("x" * 500 + ".webm", ".webm", "x" * 115 + ".webm"),
    ],
)
def test_of_a_name_only_a_known_ending_reaches_the_disk(name: str, ending: str, shown: str) -> None:
    assert ending_of(name) == ending
    assert shown_name(name) == shown


def test_a_form_is_kept_under_words_of_ours(serve: Serve, tmp_path: Path) -> None:
    client = serve()
    files = {"video": ("../../up/$(touch x);.mp4", b"no video"), "picture": ("/tmp/p.png", b"no picture")}
    answer = client.post("/api/jobs", files=files)
    assert answer.status_code == 201
    assert answer.json()["name"] == "$(touch x);.mp4"
    (folder,) = folders(tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == ["picture.png", "video.mp4"]
    assert len(folder.name) == 32
    assert folder.stat().st_mode & 0o077 == 0
    assert folder.parent.stat().st_mode & 0o077 == 0


def test_a_file_needs_no_name(serve: Serve, tmp_path: Path) -> None:
    answer = serve().post("/api/jobs", files={"video": (None, b"no video")}, data={"style": "waves"})
    assert (answer.status_code, answer.json()["name"]) == (201, "unnamed")
