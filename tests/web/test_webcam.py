"""The webcam's signalling and painting, between two peers in one process, without a browser."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("aiortc")
pytest.importorskip("fastapi")
httpx = pytest.importorskip("httpx")

from caller import HEIGHT, WIDTH, Caller, Camera  # noqa: E402
from fake_camera import frame, number_in  # noqa: E402

from vidstyle.web.app import create_app  # noqa: E402
from vidstyle.web.settings import Settings  # noqa: E402

HOST = "http://127.0.0.1:8420"


@asynccontextmanager
async def serving(**settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(Settings(**settings))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOST, timeout=30) as client,
    ):
        yield client


def in_a_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    def run(model: Path) -> None:
        asyncio.run(asyncio.wait_for(test(model), 60))

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


def differs(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(float) - b).mean())


def picture(width: int = 64, height: int = 64) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)).save(file, "PNG")
    return file.getvalue()


@in_a_loop
async def test_strength_0_gives_the_camera_back_and_strength_1_a_painting(model: Path) -> None:
    async with serving(model=str(model)) as client:
        caller = Caller(client, Camera(moving=False))
        await caller.call(styles=[{"style": "waves"}], strength=0)
        await caller.until(lambda: number_in(caller.back[-1]) is not None if caller.back else False)
        # Large enough for the codec's first frames, which are coarse.
        untouched = frame(number_in(caller.back[-1]) or 0, WIDTH, HEIGHT, False)
        await caller.until(lambda: differs(caller.back[-1][80:], untouched[80:]) < 3)
        caller.wish(strength=1)
        await caller.until(lambda: differs(caller.back[-1][80:], untouched[80:]) > 12)
        caller.wish(strength=0)
        await caller.until(lambda: differs(caller.back[-1][80:], untouched[80:]) < 3)
        await caller.close()


@in_a_loop
async def test_another_style_shows(model: Path) -> None:
    async with serving(model=str(model)) as client:
        caller = Caller(client, Camera(moving=False))
        sent = await client.post("/api/webcam/styles", files={"picture": picture()})
        assert sent.status_code == 201, sent.text
        await caller.call(styles=[{"style": "ink"}])
        await caller.until(lambda: any(each.get("stats", {}).get("painted", 0) > 5 for each in caller.told))
        ink = caller.back[-1]
        caller.wish(styles=[{"style": "waves", "weight": 0.2}, {"style": sent.json()["style"], "weight": 0.8}])
        await caller.until(lambda: differs(caller.back[-1], ink) > 4)
        await caller.close()


@in_a_loop
async def test_bad_wishes_are_told_and_change_nothing(model: Path) -> None:
    async with serving(model=str(model)) as client:
        caller = Caller(client)
        await caller.call(styles=[{"style": "waves"}], strength=0)
        for wish, said in [
            ({"strength": 2}, "strength"),
            ({"styles": []}, "styles"),
            ({"styles": [{"style": "/etc/passwd"}]}, "not here any more"),
            ({"styles": [{"style": "waves", "weight": 0}]}, "weights"),
            ({"temporal": "best"}, "temporal"),
            ({"max_side": 5000}, "max_side"),
        ]:
            caller.told.clear()
            caller.wish(**wish)
            error = await caller.until(lambda: next((each["error"] for each in caller.told if "error" in each), None))
            assert said in error, (wish, error)
        caller.told.clear()
        caller.channel.send("x" * 5000)
        await caller.until(lambda: any("error" in each for each in caller.told))
        stats = await caller.until(lambda: next((each["stats"] for each in caller.told if "stats" in each), None))
        assert stats["painted"] == 0
        await caller.close()


@in_a_loop
async def test_places_are_limited_and_free_again(model: Path) -> None:
    async with serving(model=str(model), webcams=1) as client:
        first, second = Caller(client), Caller(client)
        assert (await first.call(styles=[{"style": "waves"}])).status_code == 201
        refused = await second.call(styles=[{"style": "waves"}])
        assert refused.status_code == 503
        assert "one person is being painted" in refused.json()["detail"]
        assert (await client.delete(f"/api/webcam/sessions/{first.session}")).status_code == 204
        assert (await client.get("/api/webcam")).json()["sessions"] == 0
        assert (await client.delete(f"/api/webcam/sessions/{first.session}")).status_code == 404
        await first.close()
        await second.close()


@in_a_loop
async def test_offers_that_make_no_sense_are_refused_and_take_no_place(model: Path) -> None:
    async with serving(model=str(model)) as client:
        caller = Caller(client)
        offer = await caller.offer()
        video = offer[offer.index("m=video") : offer.index("m=application")]
        application = offer[offer.index("m=application") :]
        head = offer[: offer.index("m=video")]
        for sdp in (
            "x",
            "v=0\r\nm=video banana",
            head + video,
            head + video + video + application,
            (head + video + application).replace("sendrecv", "recvonly"),
            (head + video + application).replace("VP8", "VP7").replace("H264", "H263"),
        ):
            answer = await client.post(
                "/api/webcam/sessions", json={"sdp": sdp, "wish": {"styles": [{"style": "ink"}]}}
            )
            assert answer.status_code == 400, answer.text
            assert "offer" in answer.json()["detail"]
        assert (await client.post("/api/webcam/sessions", json={"sdp": "x" * 50_000})).status_code == 422
        unknown = await client.post("/api/webcam/sessions", json={"sdp": offer, "wish": {"styles": [{"style": "no"}]}})
        assert unknown.status_code == 400
        assert (await client.get("/api/webcam")).json()["sessions"] == 0
        await caller.close()


@in_a_loop
async def test_other_sites_may_not_call(model: Path) -> None:
    async with serving(model=str(model)) as client:
        answer = await client.post("/api/webcam/sessions", json={"sdp": "x"}, headers={"Origin": "http://evil.example"})
        assert answer.status_code == 403


@in_a_loop
async def test_pictures_that_are_none_are_refused(model: Path) -> None:
    async with serving(model=str(model), max_style_bytes=100_000) as client:
        for body, status in ((b"", 400), (b"no picture", 400), (picture()[:200], 400), (bytes(100_001), 413)):
            answer = await client.post("/api/webcam/styles", files={"picture": body})
            assert answer.status_code == status, answer.text
            assert "/" not in answer.json()["detail"]


@in_a_loop
async def test_a_session_without_pictures_ends_and_says_why(model: Path) -> None:
    async with serving(model=str(model), webcam_idle=0.5) as client:
        caller = Caller(client)
        await caller.call(styles=[{"style": "waves"}])
        await caller.until(partial(bool, caller.back))
        caller.peer.getSenders()[0].replaceTrack(None)
        why = await caller.until(lambda: next((each["ended"] for each in caller.told if "ended" in each), None))
        assert "no picture has come" in why
        await caller.close()


@in_a_loop
async def test_frames_that_are_too_large_end_it(model: Path) -> None:
    async with serving(model=str(model), webcam_pixels=160 * 120) as client:
        caller = Caller(client)
        await caller.call(styles=[{"style": "waves"}])
        why = await caller.until(lambda: next((each["ended"] for each in caller.told if "ended" in each), None))
        assert "320×240" in why
        await caller.close()


@in_a_loop
async def test_whoever_hangs_up_frees_everything(model: Path) -> None:
    async with serving(model=str(model)) as client:
        for _ in range(3):
            caller = Caller(client)
            await caller.call(styles=[{"style": "waves"}])
            await caller.until(partial(bool, caller.back))
            await caller.close()
            while (await client.get("/api/webcam")).json()["sessions"]:
                await asyncio.sleep(0.02)
            names = [thread.name for thread in threading.enumerate()]
            assert not [name for name in names if "decoder" in name or "aside" in name]
