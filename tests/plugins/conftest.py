"""The client's test program, built here, with sanitizers where the compiler has them."""

from __future__ import annotations

import os
import shutil
import subprocess
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

    def process_frame(self, number: int, fill: int = 7, deadline: int = 10000) -> tuple[str, int]:
        """(result, first byte of what came out)."""
        words = self(f"process {number} {deadline} {fill}").split()
        return words[0], int(words[3])

    def close(self) -> list[str]:
        """End the host; what the client logged. The host ends well, with no leak and no sanitizer's complaint."""
        _, errors = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, errors
        self.log = errors.splitlines()
        return self.log


@pytest.fixture(scope="session")
def drive_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (shutil.which("cc") and shutil.which("make")):
        pytest.skip("needs a C compiler and make")
    build = tmp_path_factory.mktemp("plugins")
    made = subprocess.run(["make", "-C", PLUGINS, f"BUILD={build}", "test"], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    assert "warning" not in made.stderr
    return build / "drive-sanitized"


@pytest.fixture
def socket_path(tmp_path: Path) -> Path:
    return tmp_path / "engine.sock"


@pytest.fixture
def drive(drive_program: Path, socket_path: Path) -> Iterator[Drive]:
    host = Drive(drive_program, socket_path)
    yield host
    if host.process.poll() is None:
        host.close()
