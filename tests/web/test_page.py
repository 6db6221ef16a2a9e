"""The page in a browser: what a person does with a video."""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import pytest

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HARBOUR = Path(__file__).parents[2] / "samples" / "harbour.mp4"
STYLE = HARBOUR.parent / "styles" / "linocut.jpg"
PATIENCE = 120_000
pytestmark = [
    pytest.mark.hosts,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Any, live: Any) -> Iterator[Any]:
    """A new person's page. Nothing is wrong on its console: no error of a script, nothing refused by the policy."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.faults = faults
    yield page
    context.close()
    assert not faults


def job(page: Any, state: str) -> Any:
    return page.locator(f".job[data-state={state}]")


def order(page: Any, file: Path, style: str = "waves") -> None:
    page.set_input_files("#file", file)
    page.get_by_role("radio", name=style).check(force=True)
    page.get_by_role("button", name="Paint it").click()


def test_a_video_is_painted_shown_and_saved(page: Any, live: Callable[..., str], tmp_path: Path) -> None:
    page.goto(live())
    order(page, HARBOUR)
    said = job(page, "running").locator(".job-state")
    expect(said).to_have_text(re.compile(r"Painting: \d+ of 132 frames"))
    share = float(job(page, "running").locator("progress").get_attribute("value"))
    assert 0 < share <= 1
    done = job(page, "done")
    expect(done.locator(".job-state")).to_contain_text("132 frames · 640×360")

    with page.expect_download() as download:
        done.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "harbour-waves.mp4"
    download.value.save_as(tmp_path / "saved.mp4")
    with av.open(str(tmp_path / "saved.mp4")) as saved, av.open(str(HARBOUR)) as given:
        assert len(saved.streams) == len(given.streams)
        times = [[frame.pts * frame.time_base for frame in clip.decode(video=0)] for clip in (saved, given)]
    assert times[0] == times[1]

    done.get_by_role("button", name="Compare").click()
    before, after = (page.locator(f".compare-{side} video") for side in ("before", "after"))
    for video in (before, after):
        expect(video).to_have_js_property("videoWidth", 640)
    wipe = page.get_by_role("slider", name="How much of the original")
    wipe.focus()
    edge = after.bounding_box()["x"]
    line = page.locator(".compare-line")
    middle = line.bounding_box()["x"] - edge
    for _ in range(20):
        wipe.press("ArrowRight")
    assert line.bounding_box()["x"] - edge > middle
    page.locator(".compare-time").fill("500")
    for video in (before, after):
        expect(video).to_have_js_property("seeking", False)
    apart = page.evaluate("[...document.querySelectorAll('.compare video')].map(v => v.currentTime)")
    assert apart[0] == pytest.approx(2.75, abs=0.1)
    assert apart[1] == pytest.approx(apart[0], abs=0.05)

    done.get_by_role("button", name="Remove").click()
    expect(page.locator(".job")).to_have_count(0)


def test_a_job_outlives_the_page_and_can_be_cancelled(page: Any, live: Callable[..., str]) -> None:
    page.goto(live())
    order(page, HARBOUR)
    expect(job(page, "running")).to_have_count(1)
    order(page, HARBOUR, "glass")
    expect(job(page, "waiting").locator(".job-state")).to_have_text("Waiting; it is next")
    page.reload()
    expect(page.locator(".job .job-style")).to_have_text(["in glass", "in waves"])
    job(page, "running").get_by_role("button", name="Cancel").click()
    expect(job(page, "cancelled").locator(".job-style")).to_have_text("in waves")
    expect(job(page, "running").locator(".job-style")).to_have_text("in glass")  # the queue goes on
    job(page, "running").get_by_role("button", name="Cancel").click()
    expect(job(page, "cancelled")).to_have_count(2)


def test_what_is_wrong_with_a_file_is_said(page: Any, live: Callable[..., str], tmp_path: Path) -> None:
    page.goto(live("--max-size", "1", "--max-duration", "3"))
    (tmp_path / "holiday.mp4").write_bytes(b"I am no video. " * 50)
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "large.mkv").write_bytes(bytes(1_200_000))
    (tmp_path / "empty.mp4").touch()
    wrong = page.locator("#file-error")
    for name, words in (
        ("notes.txt", "notes.txt is no video and no picture."),
        ("large.mkv", "large.mkv has 1.2 MB; at most 1.0 MB are taken here."),
        ("empty.mp4", "empty.mp4 is empty."),
    ):
        page.set_input_files("#file", tmp_path / name)
        expect(wrong).to_have_text(words)
        page.get_by_role("button", name="Paint it").click()
    assert page.locator(".job").count() == 0
    order(page, tmp_path / "holiday.mp4")
    expect(wrong).to_be_hidden()
    expect(job(page, "failed").locator(".job-state")).to_contain_text("“holiday.mp4” cannot be read as media")


DROP = """([target, name, type, base64]) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name, { type }));
    target.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


def test_a_video_and_a_style_can_be_dropped(page: Any, live: Callable[..., str]) -> None:
    page.goto(live())
    expect(page.get_by_role("radio", name="your own")).to_be_attached()
    for target, file, kind in (("#drop", HARBOUR, "video/mp4"), (".own", STYLE, "image/jpeg")):
        data = base64.b64encode(file.read_bytes()).decode()
        page.evaluate(DROP, [page.locator(f"#video {target}").element_handle(), file.name, kind, data])
    expect(page.locator("#chosen-video")).to_be_visible()
    page.get_by_role("button", name="Paint it").click()
    expect(job(page, "running").locator(".job-style")).to_have_text("in linocut.jpg")
    job(page, "running").get_by_role("button", name="Cancel").click()
    expect(job(page, "cancelled")).to_have_count(1)


def test_it_works_by_keyboard_alone(page: Any, live: Callable[..., str]) -> None:
    page.goto(live())
    expect(page.get_by_role("radio", name="waves")).to_be_attached()
    reached = []
    with page.expect_file_chooser() as chooser:
        for _ in range(6):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.id"))
            if reached[-1] == "file":
                page.keyboard.press("Enter")
                break
    chooser.value.set_files(HARBOUR)
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.value") == "dots"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#strength-value")).to_have_text("95 %")
    page.keyboard.press("Enter")
    expect(job(page, "running").locator(".job-style")).to_contain_text("in dots · 95 %")


def test_it_fits_a_phone(page: Any, live: Callable[..., str]) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(live())
    expect(page.get_by_role("radio", name="waves")).to_be_attached()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    small = page.evaluate(
        """[...document.querySelectorAll('#video button, #video .choice span, #video .style')]
        .filter(e => e.offsetParent && Math.min(e.offsetWidth, e.offsetHeight) < 40).map(e => e.textContent)"""
    )
    assert not small


def test_a_server_that_is_gone_is_said(page: Any, live: Any) -> None:
    page.goto(live())
    expect(page.get_by_role("radio", name="waves")).to_be_attached()
    live.stop()
    expect(page.locator("#connection")).to_be_visible()
    order(page, HARBOUR)
    expect(page.locator("#order-error")).to_contain_text("harbour.mp4:")
    page.faults.clear()  # the browser tells of every connection that fails
