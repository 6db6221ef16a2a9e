"""Who may come in, and what every answer carries."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("fastapi")
from fastapi import HTTPException, WebSocket
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocketDisconnect

from vidstyle.errors import OptionError
from vidstyle.web.limits import Slots, client_of
from vidstyle.web.pages import STATIC
from vidstyle.web.settings import Settings

Serve = Callable[..., Any]


@pytest.mark.parametrize("host", ["localhost:9000", "127.0.0.1:8420", "127.8.9.1", "[::1]:8420", "LOCALHOST"])
def test_names_of_this_machine_are_answered(serve: Serve, host: str) -> None:
    assert serve().get("/api/styles", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "10.0.0.5", "127.0.0.1.evil.example", "", "[::1", "a@evil.example"],
)
def test_other_names_are_not(serve: Serve, host: str) -> None:
    client = serve()
    for path in ("/", "/api/styles", "/page.js"):
        assert client.get(path, headers={"Host": host}).status_code == 421


def test_a_name_can_be_added(serve: Serve) -> None:
    client = serve(names=("paint.example",))
    assert client.get("/", headers={"Host": "paint.example"}).status_code == 200
    assert client.get("/", headers={"Host": "other.example"}).status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8421"},  # another server on this machine
        {"Origin": "http://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_other_sites_change_nothing(serve: Serve, headers: dict[str, str]) -> None:
    client = serve()
    assert client.post("/api/jobs", data={"style": "waves"}, headers=headers).status_code == 403
    assert client.delete("/api/jobs/0", headers=headers).status_code == 403


def test_the_page_itself_and_curl_are_let_through(serve: Serve) -> None:
    client = serve()
    for headers in ({"Origin": "http://127.0.0.1:8420", "Sec-Fetch-Site": "same-origin"}, {}):
        assert client.delete("/api/jobs/0", headers=headers).status_code == 404


def test_other_sites_read_nothing_but_may_link_to_the_page(serve: Serve) -> None:
    client, cross = serve(), {"Sec-Fetch-Site": "cross-site"}
    assert client.get("/api/jobs", headers=cross).status_code == 403
    assert client.get("/api/styles/waves/picture", headers={**cross, "Sec-Fetch-Mode": "no-cors"}).status_code == 403
    assert client.get("/", headers={**cross, "Sec-Fetch-Mode": "navigate"}).status_code == 200


def test_web_sockets_come_from_the_page(serve: Serve) -> None:
    client = serve(token="secret")

    @client.app.websocket("/hello")
    async def hello(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("hello")
        await socket.close()

    bearer = {"Authorization": "Bearer secret", "Host": "127.0.0.1:8420"}
    with client.websocket_connect("/hello", headers={**bearer, "Origin": "http://127.0.0.1:8420"}) as socket:
        assert socket.receive_text() == "hello"
    for wrong in (
        {**bearer, "Origin": "http://evil.example"},
        {**bearer, "Host": "evil.example"},
        {"Host": "127.0.0.1"},
    ):
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/hello", headers=wrong) as socket:
            socket.receive_text()


def test_without_the_token_nothing_is_shown(serve: Serve) -> None:
    client = serve(host="0.0.0.0", token="secret")
    for path in ("/", "/page.js", "/api/styles", "/api/openapi.json", "/?token=", "/?token=wrong", "/?token=sécret"):
        answer = client.get(path)
        assert answer.status_code == 401
        assert not answer.cookies
    for given in ("Bearer wrong", "Bearer ", "secret2", "Basic c2VjcmV0"):
        assert client.get("/api/styles", headers={"Authorization": given}).status_code == 401
    assert client.get("/api/styles", headers={"Authorization": "Bearer secret"}).status_code == 200
    assert client.get("/api/styles", headers={"Authorization": "Bearer secret", "Host": "10.1.2.3"}).status_code == 200


def test_on_a_network_the_machine_goes_by_its_own_name(serve: Serve) -> None:
    client = serve(host="0.0.0.0", token="secret")
    bearer = {"Authorization": "Bearer secret"}
    for host, code in ((socket.gethostname(), 200), ("192.0.2.1:80", 200), ("evil.example", 421)):
        assert client.get("/api/styles", headers={**bearer, "Host": host}).status_code == code


def test_the_printed_address_lets_a_browser_in(serve: Serve) -> None:
    client = serve(host="0.0.0.0", token="secret")
    answer = client.get("/?token=secret")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "httponly" in answer.headers["set-cookie"].lower()
    assert client.get("/").status_code == 200  # by the cookie


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org", ""])
def test_others_need_a_token(host: str) -> None:
    with pytest.raises(OptionError, match="token"):
        Settings(host=host)


def test_every_answer_is_locked_down(serve: Serve) -> None:
    client = serve(burst=8, rate=0.001)
    answers = [client.get(path) for path in ("/", "/page.js", "/api/styles", "/none", "/api/jobs/none")]
    answers += [client.get("/", headers={"Host": "evil.example"}), client.post("/api/jobs", headers={"Origin": "null"})]
    answers += [client.get("/") for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200, 403, 404, 421, 429}
    for answer in answers:
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_the_page_keeps_to_its_policy() -> None:
    page = (STATIC / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\son\w+=|https?://|javascript:", page)
    for script in STATIC.glob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", script.read_text()), (
            script
        )


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/jobs", {"GET", "POST"}),
        ("OPTIONS", "/api/jobs/x", {"GET", "DELETE"}),
        ("POST", "/api/webcam/sessions/x", {"DELETE"}),
        ("DELETE", "/", {"GET", "HEAD"}),
    ],
)
def test_who_asks_in_another_way_is_told_all_that_there_are(
    serve: Serve, method: str, path: str, allowed: set[str]
) -> None:
    answer = serve().request(method, path)
    assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (405, allowed)


def test_a_hasty_client_is_told_when_to_come_back(serve: Serve) -> None:
    client = serve(burst=3, rate=0.1)
    codes = [client.get("/api/limits").status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]
    late = client.get("/api/limits")
    assert 1 <= int(late.headers["retry-after"]) <= 10
    assert "try again in" in late.json()["detail"]


def test_what_takes_long_has_few_places_for_one_client() -> None:
    slots = Slots("uploads", each=2, all=3)
    with slots.taken("a"), slots.taken("a"):
        with pytest.raises(HTTPException, match="too many uploads"), slots.taken("a"):
            pass
        with slots.taken("b"), pytest.raises(HTTPException) as full, slots.taken("c"):
            pass
        assert (full.value.status_code, "Retry-After" in full.value.headers) == (429, True)
    with slots.taken("a"):
        pass


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),  # one customer has a whole network
        ("::ffff:192.0.2.7", "192.0.2.7"),
    ],
)
def test_a_client_is_whoever_has_the_address(address: str, client: str) -> None:
    assert client_of(HTTPConnection({"type": "http", "client": (address, 1), "headers": []})) == client


def test_no_file_beside_the_page_is_served(serve: Serve) -> None:
    client = serve()
    for path in (
        "/../app.py",
        "/%2e%2e/app.py",
        "/..%2fapp.py",
        "/static/..%5capp.py",
        "/api/styles/..%2fwaves/picture",
    ):
        assert client.get(path).status_code == 404, path
