"""A server in this process; the helpers beside the tests can be imported, by bench/webcam.py too."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def serve(tmp_path: Path, model: Path) -> Iterator[Callable[..., Any]]:
    """Start servers with settings of one's own; a TestClient of each, which follows no redirects."""
    pytest.importorskip("fastapi")
    pytest.importorskip("httpx")
    pytest.importorskip("aiortc")
    from fastapi.testclient import TestClient

    from vidstyle.web.app import create_app
    from vidstyle.web.settings import Settings

    with ExitStack() as stack:

        def start(**settings: Any) -> TestClient:
            app = create_app(Settings(**{"folder": tmp_path, "model": str(model), **settings}))
            client = TestClient(app, "http://127.0.0.1:8420", follow_redirects=False)
            return stack.enter_context(client)

        yield start


@pytest.fixture
def live(tmp_path: Path, model: Path) -> Iterator[Callable[..., str]]:
    """Start the command `vidstyle web` with options of one's own; its address. It ends as if by Ctrl-C."""
    for package in ("fastapi", "uvicorn", "aiortc"):
        pytest.importorskip(package)
    servers = []

    def start(*options: str) -> str:
        place = tmp_path / "place"
        place.mkdir(exist_ok=True)
        command = [
            sys.executable,
            "-m",
            "vidstyle",
            "web",
            "--port",
            "0",
            "--folder",
            place,
            "--model",
            model,
            *options,
        ]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        servers.append(server)
        assert server.stdout
        found = re.search(r"http://\S+?(?=/)", server.stdout.readline())
        assert found
        return found[0]

    start.stop = lambda: servers.pop().send_signal(signal.SIGINT)  # type: ignore[attr-defined]
    yield start
    for server in servers:
        server.send_signal(signal.SIGINT)
        assert server.wait(30) == 130
    assert not list((tmp_path / "place").iterdir())
