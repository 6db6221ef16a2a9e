"""Jobs from the form to the file, with the real processes that paint them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from vidstyle.errors import OptionError
from vidstyle.web.place import Place

Serve = Callable[..., Any]
PATIENCE = 120


def submit(client: Any, path: Path, **fields: Any) -> dict[str, Any]:
    files = {"video": (path.name, path.read_bytes())}
    if picture := fields.pop("picture", None):
        files["picture"] = (picture.name, picture.read_bytes())
    else:
        fields.setdefault("style", "waves")
    answer = client.post("/api/jobs", files=files, data=fields)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/api/jobs/{answer.json()['id']}"
    job: dict[str, Any] = answer.json()
    return job


def end(client: Any, job: dict[str, Any]) -> dict[str, Any]:
    """The job as it is when it has ended; its events tell."""
    text = client.get(f"/api/jobs/{job['id']}/events").text
    told = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]
    assert [one["state"] for one in told][-1] in ("done", "failed", "cancelled")
    assert told[-1] == client.get(f"/api/jobs/{job['id']}").json()
    last: dict[str, Any] = told[-1]
    return last


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def workers(busy: bool = True) -> list[int]:
    """Processes of jobs that this one has begun; or those that wait for a job."""
    found = []
    for children in Path("/proc/self/task").glob("*/children"):
        for child in children.read_text().split():
            try:
                ours = b"vidstyle.web.worker" in Path(f"/proc/{child}/cmdline").read_bytes()
                if ours and busy == ("vidstyle-web-" in os.readlink(f"/proc/{child}/cwd")):
                    found.append(int(child))
            except OSError:
                pass
    return found


def sound(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(container.streams.audio[0]) if packet.size]


def test_a_clip_is_painted_and_can_be_saved_and_compared(serve: Serve, clip: Path, tmp_path: Path) -> None:
    client = serve()
    assert client.get("/").status_code == 200
    job = submit(client, clip, format="same", strength=0.7, temporal="off")
    done = end(client, job)
    assert (done["state"], done["error"], done["frames"], done["size"]) == ("done", None, 60, [64, 48])
    saved = client.get(done["result"]["url"])
    assert 'filename="clip-waves.mkv"' in saved.headers["content-disposition"]
    assert len(saved.content) == done["result"]["bytes"]
    result = tmp_path / "result.mkv"
    result.write_bytes(saved.content)
    assert sound(result) == sound(clip)
    with av.open(str(result)) as painted, av.open(str(clip)) as given:
        frames = [(frame.pts, frame.to_ndarray(format="gray")) for frame in painted.decode(video=0)]
        times = [frame.pts for frame in given.decode(video=0)]
    assert [pts for pts, _ in frames] == times
    # FFV1 and Matroska are nothing that browsers show: both get a copy.
    for side in ("before", "after"):
        shown = client.get(done[side], headers={"Range": "bytes=0-"})
        assert (shown.status_code, shown.headers["content-type"]) == (206, "video/mp4")
        (tmp_path / "shown.mp4").write_bytes(shown.content)
        with av.open(str(tmp_path / "shown.mp4")) as container:
            stream = container.streams.video[0]
            assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
            assert sum(1 for _ in container.decode(stream)) == 60
    assert [one["id"] for one in client.get("/api/jobs").json()] == [job["id"]]
    assert client.delete(f"/api/jobs/{job['id']}").status_code == 204
    assert client.get(f"/api/jobs/{job['id']}").status_code == 404
    assert client.get("/api/jobs").json() == []
    assert not list(tmp_path.glob(f"*/{job['id']}"))


def test_a_clip_of_an_odd_size_is_painted_and_shown(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "odd.webm"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libvpx", rate=25)
        stream.width, stream.height, stream.pix_fmt = 65, 47, "yuv420p"
        for i in range(5):
            pixels = np.full((47, 65, 3), 40 * i, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode(None))
    client = serve()
    done = end(client, submit(client, path))
    assert (done["state"], done["error"], done["size"]) == ("done", None, [65, 47])
    (tmp_path / "after.webm").write_bytes(client.get(done["after"]).content)
    with av.open(str(tmp_path / "after.webm")) as container:
        frames = list(container.decode(video=0))
    assert [(frame.width, frame.height, frame.format.name) for frame in frames] == [(65, 47, "yuv420p")] * 5


def test_a_still_is_painted_in_the_style_of_ones_own_picture(serve: Serve, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("photo.png", "my style.jpg"):
        Image.fromarray(rng.integers(0, 255, (48, 64, 3), np.uint8)).save(tmp_path / name)
    client = serve()
    done = end(client, submit(client, tmp_path / "photo.png", picture=tmp_path / "my style.jpg"))
    assert (done["state"], done["still"], done["style"]) == ("done", True, "my style.jpg")
    assert done["result"]["name"] == "photo-my style.png"
    answer = client.get(done["after"])
    assert answer.headers["content-type"] == "image/png"
    (tmp_path / "painted.png").write_bytes(answer.content)
    assert Image.open(tmp_path / "painted.png").size == (64, 48)


def test_the_queue_is_short_and_shown_and_its_head_can_be_cancelled(serve: Serve, clip: Path, tmp_path: Path) -> None:
    client = serve(waiting=1)
    first, second = submit(client, clip), submit(client, clip)
    assert (first["state"], second["state"], second["position"]) == ("running", "waiting", 0)
    refused = client.post("/api/jobs", files={"video": ("a.mp4", b"x")}, data={"style": "waves"})
    assert refused.status_code == 429
    assert "waiting" in refused.json()["detail"]
    assert client.get("/api/limits").json()["refusal"] == refused.json()["detail"]
    assert {name: client.get("/api/limits").json()[name] for name in ("running", "waiting")} == {
        "running": 1,
        "waiting": 1,
    }
    until(lambda: len(workers()) == 1)
    (process,) = workers()
    assert client.post(f"/api/jobs/{first['id']}/cancel").json()["state"] == "cancelled"
    until(lambda: not Path(f"/proc/{process}").exists())
    assert client.get(f"/api/jobs/{first['id']}/result").status_code == 409
    until(lambda: not list(tmp_path.glob(f"*/{first['id']}")))
    assert end(client, second)["state"] == "done"
    assert client.post(f"/api/jobs/{second['id']}/cancel").json()["state"] == "done"  # stays as it is


def test_a_job_that_waits_can_be_cancelled(serve: Serve, clip: Path, tmp_path: Path) -> None:
    client = serve()
    _, second, third = (submit(client, clip) for _ in range(3))
    assert third["position"] == 1
    assert client.post(f"/api/jobs/{second['id']}/cancel").json()["state"] == "cancelled"
    assert client.get(f"/api/jobs/{third['id']}").json()["position"] == 0
    assert not list(tmp_path.glob(f"*/{second['id']}"))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("holiday.mp4", b"I am no video. " * 50, "“holiday.mp4” cannot be read as media"),
        ("list.m3u8", b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n#EXT-X-ENDLIST\n", "cannot be read"),
    ],
)
def test_a_bad_file_fails_with_a_line_that_names_it(
    serve: Serve, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    client = serve()
    failed = end(client, submit(client, tmp_path / name))
    assert failed["state"] == "failed"
    assert words in failed["error"]
    assert str(tmp_path) not in failed["error"]
    until(lambda: not list(tmp_path.glob(f"*/{failed['id']}")))


def test_a_bad_style_picture_is_named(serve: Serve, clip: Path, tmp_path: Path) -> None:
    (tmp_path / "monet.jpg").write_bytes(b"no picture")
    client = serve()
    failed = end(client, submit(client, clip, picture=tmp_path / "monet.jpg"))
    assert "“monet.jpg”" in failed["error"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"max_seconds": 1}, "at most 0:01"),
        ({"max_pixels": 1000}, "64x48"),
        ({"max_work": 0.5}, "longer than"),
        ({"max_memory": 150_000_000}, "memory"),
    ],
)
def test_limits_of_a_job_are_kept_and_said(serve: Serve, clip: Path, settings: dict[str, Any], words: str) -> None:
    client = serve(**settings)
    failed = end(client, submit(client, clip))
    assert failed["state"] == "failed"
    assert words in failed["error"]
    assert "--" not in failed["error"]
    until(lambda: not workers())


@pytest.mark.slow
def test_a_clip_that_hides_its_length_is_stopped(serve: Serve, tmp_path: Path) -> None:
    """A stream of bare frames tells no duration."""
    path = tmp_path / "bare.ivf"
    with av.open(str(path), "w", format="h264") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.options = 64, 48, "yuv420p", {"preset": "ultrafast"}
        for _ in range(400):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((72, 64), np.uint8), "yuv420p")))
        container.mux(stream.encode(None))
    client = serve(max_seconds=2)
    failed = end(client, submit(client, path))
    assert (failed["state"], "0:02" in failed["error"]) == ("failed", True), failed


def test_other_browsers_see_no_jobs(serve: Serve, clip: Path) -> None:
    client = serve()
    job = submit(client, clip)
    assert len(client.get("/api/jobs").json()) == 1  # the answer left a cookie
    client.cookies.clear()
    assert client.get("/api/jobs").json() == []
    client.get("/")
    assert client.get("/api/jobs").json() == []
    assert client.get(f"/api/jobs/{job['id']}").status_code == 200  # whoever knows its name may


def test_old_jobs_go(serve: Serve, clip: Path, tmp_path: Path) -> None:
    client = serve(keep=0.3)
    _, second = submit(client, clip), submit(client, clip)
    client.post(f"/api/jobs/{second['id']}/cancel")
    until(lambda: client.get(f"/api/jobs/{second['id']}").status_code == 404)
    assert not list(tmp_path.glob(f"*/{second['id']}"))


def test_without_room_nothing_more_is_taken(serve: Serve, clip: Path) -> None:
    client = serve(max_stored=clip.stat().st_size // 2)
    submit(client, clip)
    refused = client.post("/api/jobs", files={"video": ("a.mp4", b"x")}, data={"style": "waves"})
    assert (refused.status_code, "room" in refused.json()["detail"]) == (507, True)


def test_a_process_waits_for_the_next_job(tmp_path: Path, model: Path, clip: Path) -> None:
    from fastapi.testclient import TestClient

    from vidstyle.web.app import create_app
    from vidstyle.web.settings import Settings

    app = create_app(Settings(folder=tmp_path, model=str(model)))
    with TestClient(app, "http://127.0.0.1:8420") as client:
        until(lambda: workers(busy=False))
        (ready,) = workers(busy=False)
        job = submit(client, clip)
        until(lambda: workers() == [ready])
        assert end(client, job)["state"] == "done"
        until(lambda: not Path(f"/proc/{ready}").exists())
        until(lambda: workers(busy=False))
    assert not workers(busy=False)


def test_a_worker_ends_with_its_server(tmp_path: Path) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-m", "vidstyle.web.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert worker.stdin
    order = {"folder": str(tmp_path), "device": "cpu", "max_memory": 8 << 30, "max_file": 1 << 30}
    worker.stdin.write(json.dumps(order).encode() + b"\n")
    worker.stdin.close()
    assert worker.wait(PATIENCE) == -9
    idle = subprocess.run([sys.executable, "-m", "vidstyle.web.worker"], stdin=subprocess.DEVNULL, timeout=PATIENCE)
    assert idle.returncode == 0


def test_a_worker_that_uses_too_much_memory_ends() -> None:
    code = """from vidstyle.web.worker import _watch_memory
kept = bytearray(200 << 20)
_watch_memory(100 << 20, lambda event, text: print(event, text, flush=True))"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE)
    assert ended.stdout.startswith("failed it needs more memory")


def test_what_a_killed_server_left_goes_when_the_next_one_comes(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from vidstyle.web.place import Place; p = Place(Path(sys.argv[1]));"
    )
    killed = [sys.executable, "-c", code + "p.folder(); os.kill(os.getpid(), 9)", tmp_path]
    assert subprocess.run(killed).returncode == -9
    (left,) = tmp_path.iterdir()
    alive = Place(tmp_path)
    assert not left.exists()
    (tmp_path / "vidstyle-web-mine").mkdir()  # not one of ours: no lock in it
    other = Place(tmp_path)
    assert alive.path.exists()
    other.close()
    alive.close()
    assert [path.name for path in tmp_path.iterdir()] == ["vidstyle-web-mine"]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no folder"):
        Place(tmp_path / "none")
