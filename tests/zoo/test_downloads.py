"""Fetching models from a server of our own."""

from __future__ import annotations

import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from vidstyle.errors import ModelError, OutputError
from vidstyle.zoo import Card, available, download, load, save

HEX = "0" * 64


class Handler(SimpleHTTPRequestHandler):
    """Files of a folder; "/short/NAME" breaks off half-way, "/elsewhere/NAME" redirects to NAME."""

    def do_GET(self) -> None:
        place, _, name = self.path[1:].rpartition("/")
        if place == "short":
            content = (Path(self.directory) / name).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
        elif place == "elsewhere":
            self.send_response(302)
            self.send_header("Location", f"/{name}")
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "vidstyle" / "models"


@pytest.fixture
def site(tmp_path, small_nets):
    """The folder of a running server, with a model in it, and its address."""
    folder = tmp_path / "site"
    folder.mkdir()
    save(small_nets["brisk"], Card(name="small", architecture="brisk"), folder / "tiny.safetensors")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("place", ["", "/elsewhere"])
def test_a_fetched_model_loads_by_its_name(kept, site, place):
    folder, address = site
    seen = []
    file = folder / "tiny.safetensors"
    path = download(f"{address}{place}/tiny.safetensors", digest(file), on_progress=lambda *sizes: seen.append(sizes))
    assert path == kept / "tiny.safetensors"
    assert path.read_bytes() == file.read_bytes()
    assert seen[-1] == (file.stat().st_size,) * 2
    assert load("tiny").path == path
    assert "tiny" in [card.name for card in available()]
    with pytest.raises(OutputError, match="exists"):
        download(f"{address}/tiny.safetensors", digest(file))


def test_what_is_not_what_was_asked_for_is_not_kept(kept, site):
    folder, address = site
    good = digest(folder / "tiny.safetensors")
    (folder / "text.safetensors").write_text("no model")
    (folder / "brisk.safetensors").write_text("built in")
    for url, sha256, reason in (
        ("/tiny.safetensors", HEX, f"its sha256 is {good}"),
        ("/short/tiny.safetensors", good, "broke off"),
        ("/missing.safetensors", HEX, "404"),
        ("/text.safetensors", digest(folder / "text.safetensors"), "no model with a card"),
        ("/brisk.safetensors", digest(folder / "brisk.safetensors"), "built in"),
    ):
        with pytest.raises(ModelError, match=reason):
            download(address + url, sha256)
    assert not list(kept.glob("*"))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("atelierr", "no released model"),
        ("file:///etc/tiny.safetensors", "no https address"),
        ("https://[tiny.safetensors", "no https address"),
        ("http://127.0.0.1/tiny.safetensors", "--sha256"),
        ("https://127.0.0.1/a/..%2F.safetensors", "end with the name"),
        ("https://127.0.0.1/.tiny.safetensors", "end with the name"),
        ("https://127.0.0.1/tiny.pth", "end with the name"),
        ("https://127.0.0.1:1/tiny.safetensors", "cannot be fetched"),
    ],
)
def test_addresses_that_are_refused(kept, url, reason):
    with pytest.raises(ModelError, match=reason):
        download(url)
    assert not list(kept.glob("*"))
