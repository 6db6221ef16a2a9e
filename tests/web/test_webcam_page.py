"""The webcam's part of the page in Chromium, with a camera that plays a clip."""

from __future__ import annotations

import io
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

pytest.importorskip("playwright.sync_api")
pytest.importorskip("aiortc")

from chromium import CHROMIUM, FAKE, Server, live, page_of
from fake_camera import frame, number_in, write

pytestmark = [
    pytest.mark.hosts,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]

PIXELS = """() => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [painted.videoWidth, painted.videoHeight];
  canvas.getContext("2d").drawImage(painted, 0, 0);
  return canvas.toDataURL("image/png").split(",")[1];
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server"), "--webcams", "1")
    server.start()
    yield server
    server.end()


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture that does not move but for its number."""
    return write(tmp_path_factory.mktemp("camera") / "camera.y4m", 30, moving=False)


def shown(page: Any) -> np.ndarray:
    """RGB (H, W, 3) of what came back."""
    import base64

    return np.asarray(Image.open(io.BytesIO(base64.b64decode(page.evaluate(PIXELS)))).convert("RGB"))


def until(page: Any, there: Callable[[np.ndarray], bool]) -> np.ndarray:
    """The first picture that is so."""
    for _ in range(200):
        pixels = shown(page)
        if there(pixels):
            return pixels
        page.wait_for_timeout(100)
    raise AssertionError("it did not come")


def differs(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a[80:].astype(float) - b[80:]).mean())


def set_range(page: Any, id: str, value: int) -> None:
    page.locator(id).fill(str(value))


def test_the_picture_comes_back_painted_as_wished(server: Server, camera: Path) -> None:
    untouched = frame(0, moving=False)
    with live(server, camera) as page:
        set_range(page, "#webcam-strength", 0)
        plain = until(page, lambda pixels: differs(pixels, untouched) < 4)
        assert plain.shape == untouched.shape
        assert number_in(until(page, lambda pixels: number_in(pixels) is not None)) is not None
        set_range(page, "#webcam-strength", 100)
        painted = until(page, lambda pixels: differs(pixels, untouched) > 12)
        page.locator("#webcam-styles label", has_text="waves").click()
        waves = until(page, lambda pixels: differs(pixels, painted) > 4)
        page.locator("#second").select_option("ink")
        set_range(page, "#share", 100)
        until(page, lambda pixels: differs(pixels, waves) > 4)
        set_range(page, "#webcam-strength", 0)
        until(page, lambda pixels: differs(pixels, untouched) < 4)
        assert "in" in page.locator("#figure-fps").inner_text()


def test_a_style_of_ones_own(server: Server, camera: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.png"
    Image.effect_noise((96, 80), 90).convert("RGB").save(own)
    (tmp_path / "none.png").write_bytes(b"no picture")
    with live(server, camera) as page:
        before = shown(page)
        page.locator("#webcam-own").set_input_files(tmp_path / "none.png")
        page.locator("#webcam-style-error", has_text="not a picture that can be read").wait_for()
        page.locator("#webcam-own").set_input_files(own)
        page.locator("#webcam-styles label", has_text="own.png").locator("input:checked").wait_for(state="attached")
        assert page.locator("#webcam-style-error").is_hidden()
        until(page, lambda pixels: differs(pixels, before) > 4)


def test_a_snapshot_and_a_recording_are_saved(server: Server, camera: Path, tmp_path: Path) -> None:
    with live(server, camera) as page:
        with page.expect_download() as snapshot:
            page.click("#snapshot")
        snapshot.value.save_as(tmp_path / "snapshot.png")
        with Image.open(tmp_path / "snapshot.png") as picture:
            assert picture.size == (640, 360)
        page.click("#record")
        page.locator("#recording", has_text="0:03").wait_for()
        with page.expect_download() as recording:
            page.click("#record")
        assert Path(recording.value.suggested_filename).suffix in (".webm", ".mp4")
        recording.value.save_as(tmp_path / "recording")
        with av.open(str(tmp_path / "recording")) as container:
            assert len([0 for _ in container.decode(video=0)]) > 3
            assert (container.streams.video[0].width, container.streams.video[0].height) == (640, 360)
            assert not container.streams.audio


def test_a_recording_has_sound_for_who_wants_it(server: Server, camera: Path, tmp_path: Path) -> None:
    """Chromium's own microphone beeps."""
    with live(server, camera) as page:
        page.locator("#record-sound").check()
        page.click("#record")
        page.locator("#recording", has_text="0:03").wait_for()
        with page.expect_download() as recording:
            page.click("#record")
        recording.value.save_as(tmp_path / "recording")
    with av.open(str(tmp_path / "recording")) as container:
        samples = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert np.abs(samples).max() > 0.05


def test_without_a_microphone_there_is_a_line(server: Server, camera: Path) -> None:
    none = "async () => { throw new DOMException('no', 'NotFoundError'); }"
    with live(server, camera) as page:
        page.evaluate(f"() => {{ MediaDevices.prototype.getUserMedia = {none}; }}")
        page.locator("#record-sound").check()
        page.click("#record")
        page.locator("#webcam-note", has_text="No microphone was found").wait_for()
        assert page.locator("#record", has_text="Record").is_enabled()


def test_it_goes_on_after_the_server_was_started_again(server: Server, camera: Path) -> None:
    with live(server, camera) as page:
        server.end(signal.SIGKILL)
        page.locator("#stage[data-state=waiting]", has_text="trying again").wait_for()
        server.start()
        page.locator("#stage[data-state=live]").wait_for()
        until(page, lambda pixels: pixels.std() > 10)


def test_who_closes_the_page_makes_room(server: Server, camera: Path) -> None:
    for _ in range(2):  # there is one place
        with live(server, camera) as page:
            assert page.evaluate("fetch('/api/webcam').then((answer) => answer.json())")["sessions"] == 1


def test_who_finds_no_place_is_told(server: Server, camera: Path) -> None:
    with live(server, camera) as first, first.context.expect_page() as opened:
        first.evaluate(f"window.open('{server.page}', '_blank', 'noopener')")
        second = opened.value
        second.click("#webcam-switch")
        second.locator("#webcam-error", has_text="as many as can be").wait_for()
        assert second.locator("#stage[data-state=off]").is_visible()


def test_who_is_quicker_than_the_styles_is_painted(server: Server, camera: Path) -> None:
    held: list[Any] = []
    with page_of(server, *FAKE, f"--use-file-for-fake-video-capture={camera}") as page:
        page.route("**/api/styles", lambda route: held.append(route))
        page.reload()
        page.click("#webcam-switch")
        page.locator("#camera").evaluate("camera => new Promise((seen) => camera.requestVideoFrameCallback(seen))")
        for route in held:
            route.continue_()
        page.locator("#stage[data-state=live]").wait_for()


def test_by_keyboard_alone(server: Server, camera: Path) -> None:
    with page_of(server, *FAKE, f"--use-file-for-fake-video-capture={camera}") as page:
        reached = []
        for _ in range(40):
            page.keyboard.press("Tab")
            id = page.evaluate("document.activeElement.id || document.activeElement.name")
            reached.append(id)
            if id == "webcam-switch":
                page.keyboard.press("Enter")
                page.locator("#stage[data-state=live]").wait_for()
            elif id == "webcam-style":
                page.keyboard.press("ArrowRight")
                assert page.locator("#webcam-styles input:checked").get_attribute("value") == "dots"
            elif id == "webcam-strength":
                page.keyboard.press("ArrowLeft")
                assert page.locator("#webcam-strength-value").inner_text() == "95 %"
            elif id == "show-camera":
                page.keyboard.press("Space")
                assert page.locator("#camera").is_visible()
                break
        for id in ("webcam-switch", "snapshot", "record", "webcam-style", "webcam-own", "second", "webcam-strength"):
            assert id in reached, reached
        page.locator("#webcam-switch").focus()
        page.keyboard.press("Enter")
        page.locator("#stage[data-state=off]").wait_for()


@pytest.mark.parametrize(
    ("arguments", "before", "said"),
    [
        ((), "", "No camera was found"),
        (("--use-fake-device-for-media-stream", "--deny-permission-prompts"), "", "The camera may not be used"),
        (FAKE, "delete window.RTCPeerConnection", "has no WebRTC"),
        (FAKE, "delete Navigator.prototype.mediaDevices", "localhost or over https"),
    ],
    ids=["no camera", "no permission", "no WebRTC", "no secure address"],
)
def test_what_is_wrong_is_said(server: Server, arguments: tuple[str, ...], before: str, said: str) -> None:
    with page_of(server, *arguments, before=before) as page:
        page.click("#webcam-switch")
        page.locator("#webcam-error", has_text=said).wait_for()
        assert page.locator("#stage[data-state=off]").is_visible()
        assert page.locator("#webcam-switch").is_enabled()
