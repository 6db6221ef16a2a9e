"""What the engine does not put up with, and what it survives."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from client import FRAME, HELLO, I420, OPEN, REFUSED, RGBA, SET, Client, header, hello, memfd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def unharmed(engine, frames):
    """Another client's stream, which goes on as if nothing were."""
    client = Client(engine.socket)
    client.open(64, 48)
    client.set(style="waves", temporal="off")
    before = client.paint(frames[0], 0)
    number = 1

    def check() -> None:
        nonlocal number
        assert (client.paint(frames[0], number) == before).all()
        number += 1

    yield check
    check()


def opening(client: Client, **changed: int) -> None:
    values = {"width": 64, "height": 48, "format": RGBA, "matrix": 0, "range": 0, "slots": 2}
    values |= {"slot_size": 64 * 48 * 4, "stream": 0} | changed
    descriptor = memfd(2 * 64 * 48 * 4)
    socket.send_fds(client.socket, [header(OPEN, struct.pack("=IIBBBBIQ", *values.values()))], [descriptor])
    os.close(descriptor)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([hello(magic=0x12345678)], "something else"),
        ([hello(major=2)], "speaks version 1.0, the plugin 2.0"),
        ([hello(), hello()], "twice"),
        ([header(FRAME)], "before HELLO"),
        ([hello(), header(FRAME)], "before OPEN"),
        ([hello(), header(70)], "type 70"),
        ([hello(), header(0)], "type 0"),
        ([header(HELLO, b"short")], "64 bytes"),
        ([hello(), header(FRAME, b"body")], "16 bytes"),
        ([hello(), header(SET, b"x" * 4097)], "4113 bytes"),
        ([hello(), struct.pack("=I", 15)], "15 bytes"),
        ([b"GET / HTTP/1.1\r\n\r\n"], "messages have 16 to 4112"),
        ([hello(), header(OPEN, struct.pack("=IIBBBBIQ", 64, 48, 1, 0, 0, 1, 12288, 0))], "descriptor"),
    ],
)
def test_what_breaks_the_protocol_is_refused(engine, unharmed, words: list[bytes], why: str) -> None:
    client = Client(engine.socket, greet=False)
    client.send(*words)
    answers = [client.answer()]
    while answers[-1][0] != REFUSED:
        answers.append(client.answer())
    assert why in answers[-1][4].decode()
    with pytest.raises((EOFError, ConnectionResetError)):
        client.answer()


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"width": 0}, "0×48"),
        ({"width": 16385, "height": 1}, "16385×1"),
        ({"width": 16000, "height": 16000}, "16000×16000"),
        ({"width": 2**32 - 1, "height": 2**32 - 1}, "over the limit"),
        ({"format": 0}, "format"),
        ({"format": 9}, "format"),
        ({"matrix": 1}, "matrix"),
        ({"format": I420}, "matrix"),
        ({"format": I420, "matrix": 4, "range": 1}, "matrix"),
        ({"format": I420, "matrix": 2, "range": 3}, "range"),
        ({"slots": 0}, "slots"),
        ({"slots": 9}, "slots"),
        ({"slot_size": 64 * 48 * 4 - 64}, "slots of"),
        ({"slot_size": 64 * 48 * 4 + 1}, "slots of"),
        ({"slots": 3}, "too small"),
        ({"slot_size": 2**32 - 64, "slots": 8}, "too small"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_not_opened(engine, unharmed, changed: dict[str, int], why: str) -> None:
    client = Client(engine.socket)
    opening(client, **changed)
    assert why in client.refusal()


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (lambda size: memfd(size, seals=fcntl.F_SEAL_WRITE), "sealed against writing"),
        (lambda size: memfd(size - 1), "too small"),
        (lambda size: os.open("/dev/zero", os.O_RDWR), "memfd"),
        (lambda size: os.open("/proc/self/mem", os.O_RDWR), "memfd"),
    ],
    ids=["not to be written", "short", "device", "file"],
)
def test_memory_of_no_use_is_refused(engine, unharmed, made: Callable[[int], int], why: str) -> None:
    client, before = Client(engine.socket), engine.descriptors
    descriptor = made(2 * 64 * 48 * 4)
    client.ask_open(64, 48, descriptor=descriptor)
    os.close(descriptor)
    assert why in client.refusal()
    unharmed()
    assert engine.descriptors <= before - 1


def shortened(size: int) -> tuple[int, Callable[[], None]]:
    descriptor = memfd(size, seals=0)
    return descriptor, lambda: os.ftruncate(descriptor, 4096)


def sealed(size: int) -> tuple[int, Callable[[], None]]:
    descriptor = memfd(size)
    return descriptor, lambda: fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE)


def without_pages(size: int) -> tuple[int, Callable[[], None]]:
    """Of huge pages, which the system has none of."""
    try:
        descriptor = os.memfd_create("huge", os.MFD_HUGETLB)
        os.ftruncate(descriptor, 2 << 20)
    except OSError:
        pytest.skip("this system has no memory of huge pages")
    return descriptor, lambda: None


@pytest.fixture
def full_disk(tmp_path: Path):
    """A sparse file in a memory of 16 kB that is full."""
    if os.getuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", tmp_path]).returncode:
        pytest.skip("no small tmpfs can be mounted")

    def made(size: int) -> tuple[int, Callable[[], None]]:
        (tmp_path / "full").write_bytes(bytes(16384))
        descriptor = os.open(tmp_path / "sparse", os.O_RDWR | os.O_CREAT)
        os.ftruncate(descriptor, size)
        return descriptor, lambda: None

    yield made
    subprocess.run(["umount", "--lazy", tmp_path], check=True)


def fails(engine, unharmed, made: Callable[[int], tuple[int, Callable[[], None]]], why: str) -> None:
    client, before = Client(engine.socket), engine.descriptors
    descriptor, spoil = made(2 * 64 * 48 * 4)
    client.open(64, 48, descriptor=descriptor)
    spoil()
    os.close(descriptor)
    client.set(style="waves")
    client.ask(0)
    assert why in client.refusal()
    unharmed()
    assert engine.descriptors <= before - 1


@pytest.mark.parametrize(
    ("made", "why"),
    [(shortened, "has become too small"), (sealed, "cannot be written to"), (without_pages, "cannot be written to")],
    ids=["shortened", "sealed", "without pages"],
)
def test_memory_that_fails_ends_one_client_only(engine, unharmed, made: Callable, why: str) -> None:
    fails(engine, unharmed, made, why)


def test_a_sparse_file_in_a_full_tmpfs_ends_one_client_only(engine, unharmed, full_disk: Callable) -> None:
    fails(engine, unharmed, full_disk, "cannot be written to: No space left")


def test_a_slot_that_is_not_there_is_refused(engine, unharmed) -> None:
    client = Client(engine.socket)
    client.open(64, 48)
    client.ask(0, slot=2)
    assert "slot 2" in client.refusal()


def test_descriptors_that_nobody_asked_for_are_closed(engine, unharmed) -> None:
    before = engine.descriptors
    client = Client(engine.socket)
    pipes = [end for _ in range(2) for end in os.pipe()]
    socket.send_fds(client.socket, [header(SET, b"strength=1")], pipes)
    assert "descriptors" in client.refusal()
    for end in pipes:
        os.close(end)
    unharmed()
    assert engine.descriptors <= before


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
from client import Client
client = Client(sys.argv[1])
client.open(640, 480)
client.set(style="glass")
for number in range(int(sys.argv[3])):
    client.ask(number)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("asked", [1, 200])
def test_a_client_that_dies_costs_nothing(engine, unharmed, asked: int) -> None:
    before = engine.descriptors
    command = [sys.executable, "-c", KILLED, str(engine.socket), str(Path(__file__).parent), str(asked)]
    assert subprocess.run(command).returncode == -signal.SIGKILL
    unharmed()
    # The engine hears of the death when it listens next; by the second answer it has.
    unharmed()
    assert engine.descriptors <= before


def test_a_client_that_does_not_read_is_not_listened_to(engine, unharmed) -> None:
    client = Client(engine.socket)
    client.open(64, 48)
    client.socket.setblocking(False)
    with suppress(BlockingIOError):
        for _ in range(100_000):
            client.socket.send(header(FRAME) * 64)
        pytest.fail("the engine takes everything")
    unharmed()
    client.socket.settimeout(60)
    assert client.done() == (0, 0, False)


def send_and_go(path: Path, data: bytes, descriptors: list[int]) -> None:
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.settimeout(60)
        stranger.connect(str(path))
        try:
            socket.send_fds(stranger, [data or b"\0"], descriptors)
            stranger.shutdown(socket.SHUT_WR)
            # To the end, so that everything was dealt with.
            while stranger.recv(65536):
                pass
        except OSError:
            pass


def test_any_bytes_are_survived(engine, unharmed) -> None:
    @FUZZ
    @given(st.binary(max_size=6000), st.integers(0, 2))
    def throw(data: bytes, count: int) -> None:
        with tempfile.TemporaryFile() as file:
            send_and_go(engine.socket, data, [file.fileno()] * count)

    before = engine.descriptors
    throw()
    unharmed()
    assert engine.descriptors <= before


VALUES = st.one_of(st.integers(0, 300), st.sampled_from([2**32 - 1, 2**31, 64 * 48 * 4]))
MESSAGES = st.one_of(
    st.builds(lambda text: header(SET, text.encode("utf-8", "surrogatepass")[:4096]), st.text(max_size=200)),
    st.builds(
        lambda key, value: header(SET, f"{key}={value}".encode("utf-8", "replace")),
        st.sampled_from(["style", "strength", "temporal", "keep-color"]),
        st.one_of(st.text(max_size=30), st.sampled_from(["waves", "1e400", "-0", "waves:0\tglass:0", "dcgan:5", "/"])),
    ),
    st.builds(
        lambda slot, flags, number: header(FRAME, b"", slot, flags, number),
        st.integers(0, 2),
        st.integers(0, 255),
        st.sampled_from([0, 1, 2, 3, 2**63, 2**64 - 1]),
    ),
    st.builds(
        lambda sizes, bytes, last: header(OPEN, struct.pack("=IIBBBBIQ", *sizes, *bytes, *last)),
        st.tuples(VALUES, VALUES),
        st.tuples(*[st.integers(0, 5)] * 4),
        st.tuples(VALUES, st.integers(0, 2)),
    ),
)


def test_any_conversation_is_survived(engine, unharmed) -> None:
    @FUZZ
    @given(st.lists(MESSAGES, max_size=30), st.binary(max_size=20))
    def converse(messages: list[bytes], rest: bytes) -> None:
        opened = struct.pack("=IIBBBBIQ", 64, 48, 1, 0, 0, 2, 64 * 48 * 4, 1)
        start = [hello(), header(SET, b"style=waves"), header(OPEN, opened)]
        descriptor = memfd(2 * 64 * 48 * 4)
        send_and_go(engine.socket, b"".join([*start, *messages, rest]), [descriptor])
        os.close(descriptor)

    before = engine.descriptors
    converse()
    unharmed()
    assert engine.descriptors <= before
