"""`vidstyle web` in a process of its own, and its page in Chromium."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync")
FAKE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
PATIENCE = 120_000


class Server:
    """`vidstyle web` in a process of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.options = folder, options
        self.port = 0

    def start(self) -> None:
        command = [sys.executable, "-m", "vidstyle", "web", "--port", str(self.port), "--folder", str(self.folder)]
        self.process = subprocess.Popen([*command, *self.options], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        said = re.search(r"open http://[^/]*:(\d+)/", self.process.stdout.readline())
        assert said
        self.port = int(said[1])  # it keeps it when it is started again

    @property
    def page(self) -> str:
        return f"http://localhost:{self.port}/#webcam"

    def end(self, how: int = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        self.process.wait(30)


@contextmanager
def page_of(server: Server, *arguments: str, before: str = "", **context: Any) -> Iterator[Any]:
    """The webcam's part. before: a script that runs first; context: as for new_context."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *QUIET, *arguments])
        within = browser.new_context(**context)
        within.set_default_timeout(PATIENCE)
        page = within.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        if before:
            page.add_init_script(before)
        page.goto(server.page)
        page.locator("#webcam-styles input:checked").wait_for(state="attached")
        try:
            yield page
        finally:
            for each in within.pages:
                each.close()
            browser.close()
    assert not faults


@contextmanager
def live(server: Server, camera: Path, **context: Any) -> Iterator[Any]:
    """The same, with the camera turned on."""
    with page_of(server, *FAKE, f"--use-file-for-fake-video-capture={camera}", **context) as page:
        # Whoever was there before may still be leaving.
        page.wait_for_function(
            "fetch('/api/webcam').then((answer) => answer.json()).then((it) => it.sessions < it.most)"
        )
        page.click("#webcam-switch")
        page.locator("#stage[data-state=live]").wait_for()
        yield page
