"""The plugins, built here, and the programs that they are tried in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[2] / "plugins"


class Drive:
    """`plugins/client/test/drive.c`: a line in, a line out."""

    def __init__(self, program: Path, socket: Path) -> None:
        environment = os.environ | {"VIDSTYLE_SOCKET": str(socket), "ASAN_OPTIONS": "detect_leaks=1"}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([program], stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment)
        self.log: list[str] = []

    def __call__(self, line: str) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")

    def process_frame(
        self, number: int, fill: int = 7, deadline: int = 10000, verb: str = "process"
    ) -> tuple[str, int]:
        """(result, first byte of what came out). verb: "fork" for another process."""
        words = self(f"{verb} {number} {deadline} {fill}").split()
        return words[0], int(words[3])

    def close(self) -> list[str]:
        """End the host; what the client logged. The host ends well, with no leak and no sanitizer's complaint."""
        _, errors = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, errors
        self.log = errors.splitlines()
        return self.log


def build(target: str, folder: Path) -> Path:
    """`make` a target of plugins/Makefile, without a warning; the folder that it is in."""
    if not (shutil.which("cc") and shutil.which("make")):
        pytest.skip("needs a C compiler and make")
    made = subprocess.run(["make", "-C", PLUGINS, f"BUILD={folder}", target], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    assert "warning" not in made.stderr
    return folder


@pytest.fixture(scope="session")
def drive_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("test", tmp_path_factory.mktemp("plugins")) / "drive-sanitized"


@pytest.fixture
def socket_path(tmp_path: Path) -> Path:
    return tmp_path / "engine.sock"


@pytest.fixture
def drive(drive_program: Path, socket_path: Path) -> Iterator[Drive]:
    host = Drive(drive_program, socket_path)
    yield host
    if host.process.poll() is None:
        host.close()


@pytest.fixture(scope="session")
def frei0r(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the frei0r plugin."""
    if not Path("/usr/include/frei0r.h").exists():
        pytest.skip("needs frei0r.h (Debian: frei0r-plugins-dev)")
    folder = tmp_path_factory.mktemp("frei0r")
    return build(str(folder / "frei0r" / "vidstyle.so"), folder) / "frei0r"


@pytest.fixture
def host(frei0r: Path, socket_path: Path, tmp_path: Path):
    """Runs a host program with the plugin in its path; it has to be there and to end well. What it wrote on stdout."""
    places = {"FREI0R_PATH": str(frei0r), "MLT_FREI0R_PLUGIN_PATH": str(frei0r), "VIDSTYLE_SOCKET": str(socket_path)}
    # GStreamer remembers which plugins it has seen.
    environment = os.environ | places | {"GST_REGISTRY": str(tmp_path / "registry"), "NO_COLOR": "1"}

    def run(*command: object, code: int = 0, **options: object) -> bytes:
        words = [str(word) for word in command]
        if shutil.which(words[0]) is None:
            pytest.skip(f"needs {words[0]}")
        run.errors = ""
        done = subprocess.run(words, capture_output=True, env=environment, timeout=300, check=False, **options)
        run.errors = done.stderr.decode(errors="replace")
        assert done.returncode == code, run.errors
        return done.stdout

    run.environment = environment
    return run


class RealEngine:
    """`vidstyle serve-frames`, with a small untrained model."""

    def __init__(self, socket: Path, model: Path) -> None:
        command = [sys.executable, "-m", "vidstyle", "serve-frames", "--socket", socket, "--model", model]
        socket.parent.chmod(0o700)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self.process.stdout
        assert b"listening" in self.process.stdout.readline()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def engine(socket_path: Path, model: Path) -> Iterator[RealEngine]:
    running = RealEngine(socket_path, model)
    yield running
    running.kill()
