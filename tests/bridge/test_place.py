"""Where the engine listens, who may talk to it, and how it ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from client import Client, hello
from running import start

import vidstyle
from vidstyle.bridge.lately import Lately
from vidstyle.bridge.place import Place, default_socket
from vidstyle.bridge.server import FrameServer
from vidstyle.errors import OptionError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "own"
    path.mkdir(mode=0o700)
    return path


def test_the_socket_is_where_clients_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIDSTYLE_SOCKET", raising=False)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    assert default_socket() == Path(f"/tmp/vidstyle-{os.getuid()}/engine.sock")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert default_socket() == Path("/run/user/7/vidstyle/engine.sock")
    monkeypatch.setenv("VIDSTYLE_SOCKET", "/elsewhere/s")
    assert default_socket() == Path("/elsewhere/s")


def test_nobody_else_can_reach_it(tmp_path: Path) -> None:
    place = Place(tmp_path / "new" / "engine.sock")
    assert stat.S_IMODE(place.path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(place.path.stat().st_mode) == 0o600
    place.close()
    assert not place.path.exists()


def test_its_folder_may_vanish(tmp_path: Path) -> None:
    """As that of a session which has ended."""
    place = Place(tmp_path / "new" / "engine.sock")
    shutil.rmtree(place.path.parent)
    place.close()


def open_to_others(folder: Path) -> None:
    folder.chmod(0o755)


def a_file(folder: Path) -> None:
    (folder / "engine.sock").write_text("precious")


def a_link(folder: Path) -> None:
    (folder / "engine.sock").symlink_to(folder / "elsewhere")


@pytest.mark.parametrize(
    ("made", "why"), [(open_to_others, "chmod 700"), (a_file, "is no socket"), (a_link, "is no socket")]
)
def test_it_does_not_listen_where_it_should_not(folder: Path, made: Callable[[Path], None], why: str) -> None:
    made(folder)
    before = sorted(folder.iterdir())
    with pytest.raises(OptionError, match=why):
        Place(folder / "engine.sock")
    assert sorted(folder.iterdir()) == before


def test_a_socket_that_was_left_behind_is_taken_over(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(folder / "engine.sock"))
    place = Place(folder / "engine.sock")
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(place.path))
    place.close()


def test_only_one_engine_listens_at_a_place(engine) -> None:
    command = [sys.executable, "-m", "vidstyle", "serve-frames", "--socket", str(engine.socket)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "listens" in done.stderr
    assert done.stderr.count("\n") == 1
    Client(engine.socket)


def test_ctrl_c_ends_it(tmp_path: Path, model: Path) -> None:
    running = start(tmp_path / "run" / "engine.sock", model, tmp_path, "--verbose")
    client = Client(running.socket)
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(60) == 130
    assert client.socket.recv(1) == b""
    assert not running.socket.exists()


@pytest.fixture
def serve(folder: Path, stylizer: vidstyle.Stylizer):
    """Runs a server on a thread: (its socket, what ends when it does)."""
    running: list[tuple[FrameServer, threading.Thread]] = []
    place = Place(folder / "engine.sock")

    def run(idle_exit: float | None = None, **options: object) -> tuple[Path, threading.Thread]:
        server = FrameServer(stylizer, place.socket, **options)
        thread = threading.Thread(target=server.run, args=(idle_exit,))
        running.append((server, thread))
        thread.start()
        return place.path, thread

    yield run
    for server, thread in running:
        server.stop()
        thread.join(60)
        assert not thread.is_alive()
    place.close()


def test_it_ends_when_nobody_needs_it(serve) -> None:
    path, thread = serve(idle_exit=0.2)
    client = Client(path)
    thread.join(0.5)
    assert thread.is_alive()
    client.close()
    thread.join(60)
    assert not thread.is_alive()


def test_it_takes_no_more_clients_than_it_can(serve) -> None:
    path, _ = serve(connections=2)
    first, second = Client(path), Client(path)
    assert "2 clients already" in Client(path, greet=False).refusal()
    first.close()
    # By the answer to the second one, the engine knows that the first has gone.
    second.open(16, 16)
    assert Client(path)


def test_sizes_of_last_time_are_ready_before_a_client_comes(serve, stylizer: vidstyle.Stylizer, tmp_path: Path) -> None:
    file = tmp_path / "cache" / "sizes.json"
    lately = Lately(file, 2)
    lately.note((300, 2))
    lately.note((160, 96))

    def compiled() -> bool:
        """For 160×96 and the net's borders."""
        return any(96 <= shape[1] < 112 and 160 <= shape[2] < 176 for shape in stylizer.engine.requests)

    assert not compiled()
    path, _ = serve(lately=lately)
    client = Client(path)
    client.open(48, 80)
    client.set(style="waves", temporal="off")
    client.ask(0)
    assert client.done() == (0, 0, True)
    # What is done aside is done in turn.
    assert compiled()
    assert json.loads(file.read_text()) == [[48, 80], [160, 96]]


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[[1, 2, 3]]", "[[0, 5]]", '["ab"]', "[[1e9, 2]]", "[[true, 2]]", "[" * 5000],
)
def test_a_file_of_sizes_that_makes_no_sense_is_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "sizes.json").write_text(text)
    assert Lately(tmp_path / "sizes.json", 4).sizes() == []


def test_those_who_say_nothing_do_not_keep_others_out(serve) -> None:
    path, _ = serve(connections=4, greeting=0.3)
    working = Client(path)
    working.open(16, 16)
    silent, greeting = Client(path, greet=False), Client(path)
    halting = Client(path, greet=False)
    halting.send(hello()[:20])
    assert "4 clients already" in Client(path, greet=False).refusal()
    assert "no HELLO came within 0.3 seconds" in silent.refusal()
    assert "no OPEN came" in greeting.refusal()
    assert "no HELLO came" in halting.refusal()
    Client(path).open(16, 16)
    working.ask(0)
    assert working.done() == (0, 0, False)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_another_user_is_refused(serve, folder: Path) -> None:
    path, _ = serve()
    path.chmod(0o666)
    folder.chmod(0o711)
    theirs, ours = os.pipe()
    if (child := os.fork()) == 0:
        with suppress(BaseException):
            os.chdir(folder)
            os.setresuid(65534, 65534, 65534)
            os.write(ours, Client(Path(path.name), greet=False).refusal().encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(ours)
    with open(theirs) as said:
        assert said.read() == "the engine is another user's"


def test_systemd_may_hand_the_socket_over(tmp_path: Path) -> None:
    path = tmp_path / "given.sock"
    script = (
        "import os, sys; os.dup2(int(sys.argv[1]), 3);"
        "os.environ['LISTEN_PID'] = str(os.getpid()); os.environ['LISTEN_FDS'] = '1';"
        "from vidstyle.bridge.place import Place; place = Place(); print(place.path);"
        "print('LISTEN_FDS' in os.environ); place.close()"
    )
    with socket.socket(socket.AF_UNIX) as given:
        given.bind(str(path))
        given.listen()
        command = [sys.executable, "-c", script, str(given.fileno())]
        done = subprocess.run(command, capture_output=True, text=True, pass_fds=[given.fileno()])
    assert done.stdout.split() == [str(path), "False"], done.stderr
    assert path.exists()


UNITS = Path(__file__).parents[2] / "plugins" / "systemd"


@pytest.mark.hosts
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd-analyze")
    for unit in UNITS.iterdir():
        # Only what lies on systemd's own path may be named without its folder.
        text = unit.read_text().replace("ExecStart=vidstyle ", f"ExecStart={sys.executable} -m vidstyle ")
        (tmp_path / unit.name).write_text(text)
    tmp_path.chmod(0o700)
    units = [tmp_path / unit.name for unit in UNITS.iterdir()]
    verify = ["systemd-analyze", "--user", "verify", *units]
    done = subprocess.run(verify, env=os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)}, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.hosts
def test_systemd_starts_the_units_command(folder: Path, model: Path) -> None:
    """As the socket's unit has it: at the first client, and until nobody needs it."""
    if not shutil.which("systemd-socket-activate"):
        pytest.skip("needs systemd-socket-activate")
    (line,) = (line for line in (UNITS / "vidstyle.service").read_text().splitlines() if line.startswith("ExecStart="))
    command = line.removeprefix("ExecStart=vidstyle ").replace("600", "0.2").split()
    path = folder / "engine.sock"
    activate = ["systemd-socket-activate", "-l", path, *(f"--setenv={name}" for name in os.environ)]
    engine = [sys.executable, "-m", "vidstyle", *command, "--model", model]
    with subprocess.Popen([*activate, *engine], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        assert "Listening" in process.stderr.readline()
        client = Client(path, timeout=180)
        client.open(16, 16)
        client.close()
        told, _ = process.communicate(timeout=180)
    assert process.returncode == 0
    assert f"listening at {path}" in told.replace("\n", "")
