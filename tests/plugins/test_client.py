"""The C client against a scripted engine: what comes back, how long it takes, and what is said."""

import os
import struct
import threading
import time

import pytest

from .scripted import DONE, FRAME, HEADER, NOTE, OPEN, OPENED, REFUSED, RESET, SET, WELCOME, Engine, Peer


def settings(body: bytes) -> dict[str, str]:
    return dict(line.split("=", 1) for line in body.decode().splitlines())


@pytest.mark.parametrize("shape", ["7 5 1", "7 5 2 12", "7 5 3 9", "7 5 4 9", "64 48 3", "1 1 3", "1921 1 4 63"])
def test_a_frame_goes_and_comes_whole(drive, socket_path, shape):
    with Engine(socket_path, Peer.serve):
        drive("set style waves")
        drive(f"shape {shape}")
        words = drive("process 0 10000 7").split()
        planes = {"3": 3, "4": 2}.get(shape.split()[2], 1)
        assert words[0] == "painted"
        assert words[3:] == ["248"] * 2 * planes  # first and last byte of each plane; no padding written
        assert drive.close() == ["painted by scripted"]


def test_what_the_engine_is_asked(drive, socket_path, tmp_path):
    asked = []

    def script(peer):
        peer.welcome()
        _, _, _, _, body = peer.read(OPEN)
        asked.append(struct.unpack("=IIBBBBIQ", body)[:5])
        peer.send(OPENED)
        _, _, _, _, body = peer.read(SET)
        asked.append(settings(body))
        for _ in range(4):
            slot, flags, number = peer.frame()
            asked.append((number, flags))
            peer.done(slot, number)

    with Engine(socket_path, script):
        assert drive("set style a.jpg:0.7\twaves:0.3\t/b.png") == "ok"
        assert drive("number strength 0.25") == "ok"
        assert drive("set colour red") == "no"
        drive("shape 854 480 3")
        for number in (10, 11, 20):
            drive.process_frame(number)
        drive("reset")
        drive.process_frame(21)
        drive.close()
    assert asked[1] == {"style": f"{os.getcwd()}/a.jpg:0.7\twaves:0.3\t/b.png", "strength": "0.2500"}
    assert asked[0] == (854, 480, 3, 2, 1)
    assert asked[2:] == [(0, RESET), (1, 0), (2, RESET), (3, RESET)]


def test_no_engine_costs_nothing_and_is_said_once(drive):
    drive("set style waves")
    begun = time.monotonic()
    assert {drive.process_frame(n, fill=n % 256) for n in range(300)} == {("original", n % 256) for n in range(300)}
    assert time.monotonic() - begun < 5
    assert len(drive.close()) == 1


def test_nothing_is_asked_without_a_style(drive, socket_path):
    with Engine(socket_path, Peer.serve) as engine:
        assert drive.process_frame(0) == ("original", 7)
        assert not engine.connections


def test_an_engine_that_dies_in_mid_frame(drive, socket_path):
    def dies(peer):
        peer.welcome()
        slot, _, number = peer.frame()
        peer.done(slot, number)
        peer.frame()

    with Engine(socket_path, dies, Peer.serve):
        drive("set style waves")
        assert drive.process_frame(0)[0] == "painted"
        begun = time.monotonic()
        assert drive.process_frame(1) == ("original", 7)  # at once: a dead engine is an end, not a silence
        assert time.monotonic() - begun < 5
        number = 2
        while drive.process_frame(number)[0] != "painted":
            number += 1
        assert drive.close() == [
            "painted by scripted",
            "! the engine has gone: frames stay as they are",
            "painted by scripted",
        ]


def test_a_silent_engine_costs_one_deadline(drive, socket_path):
    def silent(peer):
        peer.welcome()
        while True:
            peer.read()

    with Engine(socket_path, silent):
        drive("set style waves")
        begun = time.monotonic()
        for number in range(200):
            assert drive.process_frame(number, number, deadline=300) == ("original", number)
        assert 0.3 <= time.monotonic() - begun < 5
        assert len(drive.close()) == 1


def test_a_late_painting_is_the_last_good_one(drive, socket_path):
    ask, answered = threading.Event(), threading.Event()

    def slow(peer):
        peer.welcome()
        for painting in (100, 200):
            slot, _, number = peer.frame()
            if painting == 200:
                ask.wait()
            peer.memory[slot * peer.shape[6] : slot * peer.shape[6] + 8] = bytes([painting] * 8)
            peer.done(slot, number)
        answered.set()
        peer.frame()
        peer.read()

    with Engine(socket_path, slow):
        drive("set style waves")
        assert drive.process_frame(0) == ("painted", 100)
        assert drive.process_frame(1, deadline=50) == ("last", 100)
        ask.set()
        answered.wait()
        assert drive.process_frame(2, deadline=50) == ("last", 200)
        drive("reset")  # after a seek a painting of before it would be wrong
        assert drive.process_frame(50, deadline=0) == ("original", 7)


def test_frames_lost_to_lateness_are_no_seek(drive, socket_path):
    ask, numbers = threading.Event(), []

    def slow(peer):
        peer.welcome()
        for _ in range(3):
            slot, flags, number = peer.frame()
            numbers.append((number, flags))
            ask.wait()
            peer.done(slot, number)

    with Engine(socket_path, slow):
        drive("set style waves")
        for number in range(9):
            drive.process_frame(number, deadline=0)
        ask.set()
        while drive("process 9 10000 7").split()[0] != "painted":
            pass
        drive.close()
    assert numbers[:2] == [(0, RESET), (1, 0)]


def test_another_size_replaces_the_memory(drive, socket_path):
    with Engine(socket_path, Peer.serve):
        drive("set style waves")
        for number, shape in enumerate(("8 8 1", "300 200 4", "8 8 1")):
            drive(f"shape {shape}")
            assert drive.process_frame(number) == ("painted", 248)


def test_halves_for_hosts_that_do_not_wait(drive, socket_path):
    with Engine(socket_path, Peer.serve):
        drive("set style waves")
        assert drive("fetch").split()[0] == "original"
        assert drive("submit 40 7") == "ok"
        while drive("peek") == "original":
            pass
        assert drive("peek") == "painted"
        assert drive("fetch").split()[0] == "painted"
        assert drive("peek") == "last"
        answer = drive("fetch").split()
        assert answer[0] == "last"
        assert answer[2:4] == ["40", "248"]
        drive("shape 9 9 1")
        assert drive("fetch").split()[0] == "original"


def test_what_the_engine_says_is_told_once(drive, socket_path):
    def grumbles(peer):
        peer.welcome()
        while True:
            slot, _, number = peer.frame()
            peer.send(NOTE, b"no style\nwaves")
            peer.done(slot, number, flags=0)

    with Engine(socket_path, grumbles):
        drive("set style waves")
        for number in range(20):
            assert drive.process_frame(number) == ("original", 7)
        assert drive("status") == "no style waves"
        assert drive.close() == ["! no style waves"]


def test_a_refusal_is_told_and_not_asked_for_again_soon(drive, socket_path):
    def refuses(peer):
        peer.read()
        peer.send(REFUSED, b"too large")

    with Engine(socket_path, refuses) as engine:
        drive("set style waves")
        for number in range(100):
            assert drive.process_frame(number)[0] == "original"
        assert drive("status") == "the engine refuses: too large"
        assert len(engine.connections) == 1


def header(size, kind, slot=0, flags=0, number=0):
    return HEADER.pack(size, kind, slot, flags, number)


GARBAGE = {
    "noise": b"\xff" * 5000,
    "a size of nothing": header(0, DONE),
    "a size without end": header(0xFFFFFFFF, NOTE),
    "a painting in a slot that is not there": header(16, DONE, slot=200),
    "a painting of another number": header(16, DONE, number=77),
    "a painting with a body": header(17, DONE) + b"x",
    "an answer to nothing": header(16, OPENED),
    "a short welcome": header(20, WELCOME) + b"1234",
    "an unknown message": header(16, 250),
    "a message of ours": header(16, FRAME),
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_garbage_ends_the_connection_and_not_the_host(drive, socket_path, garbage):
    def script(peer):
        peer.welcome()
        peer.frame()
        peer.connection.sendall(garbage)
        peer.read(FRAME)

    with Engine(socket_path, script):
        drive("set style waves")
        assert drive.process_frame(0) == ("original", 7)
        assert drive.close() == ["! the engine does not keep to the protocol: frames stay as they are"]


def test_another_version(drive, socket_path):
    with Engine(socket_path, lambda peer: peer.welcome(major=9)):
        drive("set style waves")
        assert drive.process_frame(0) == ("original", 7)
        assert "another version" in drive("status")


def test_an_answer_in_pieces(drive, socket_path):
    def script(peer):
        peer.welcome()
        slot, _, number = peer.frame()
        peer.paint(slot)
        for byte in header(16, DONE, slot, 1, number):
            peer.connection.sendall(bytes([byte]))
        peer.frame()

    with Engine(socket_path, script):
        drive("set style waves")
        assert drive.process_frame(0) == ("painted", 248)


def test_a_socket_moves_while_the_host_runs(drive, socket_path, tmp_path):
    other = tmp_path / "other.sock"
    with Engine(socket_path, Peer.serve), Engine(other, Peer.serve) as second:
        drive("set style waves")
        assert drive.process_frame(0)[0] == "painted"
        drive(f"set socket {other}")
        assert drive.process_frame(1)[0] == "painted"
        assert len(second.connections) == 1


def test_a_forked_host_has_a_connection_of_its_own(drive, socket_path):
    """Two processes on one would take each other's answers, and write into each other's frames."""
    seen = []

    def script(peer):
        peer.welcome()
        seen.append(numbers := [])
        while True:
            slot, _, number = peer.frame()
            numbers.append(number)
            peer.paint(slot)
            peer.done(slot, number)

    with Engine(socket_path, script):
        drive("set style waves")
        assert drive.process_frame(0) == ("painted", 248)
        assert drive.process_frame(1, fill=9, verb="fork") == ("painted", 246)
        assert drive.process_frame(1) == ("painted", 248)
        drive.close()
    assert seen == [[0, 1], [1]]


def test_an_engine_for_each_socket(drive, socket_path, tmp_path):
    """Two clients of one host may ask for two engines; neither waits for the other's."""
    asked = tmp_path / "asked"
    os.mkfifo(asked)
    command = tmp_path / "vidstyle"
    command.write_text(f'#!/bin/sh\necho "$3" > {asked}\nexec sleep 30\n')
    command.chmod(0o755)
    drive("set style waves")
    drive(f"set start {command}")
    other = tmp_path / "other.sock"
    with open(os.open(asked, os.O_RDWR)) as pipe:
        for number, path in enumerate((socket_path, other, socket_path, other)):
            drive(f"set socket {path}")
            assert drive.process_frame(number, deadline=1000) == ("original", 7)
            assert "starting" in drive("status")
        found = {pipe.readline().strip() for _ in range(2)}
    assert found == {str(socket_path), str(other)}


def test_what_is_no_text_is_made_text(drive, socket_path):
    """Hosts take what is logged for UTF-8, and show it on terminals."""

    def script(peer):
        peer.welcome()
        peer.send(NOTE, "Grüße\x1b[2J\x9b".encode() + b"\xff \xc3( \xe0\x80\x80 \xed\xa0\x80 \xf0\x9f\x8e")
        slot, _, number = peer.frame()
        peer.done(slot, number)

    with Engine(socket_path, script):
        drive("set style waves")
        drive.process_frame(0)
        note, *_ = drive.close()
    assert note == "! Grüße [2J ? ?( ??? ??? ???"


def test_an_engine_on_demand(drive, socket_path, tmp_path):
    """Started once, with what it needs and nothing of the host's; its coming is waited for within the deadline."""
    command = tmp_path / "vidstyle"
    command.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\nls /proc/self/fd > {tmp_path}/files\nexec sleep 30\n'
    )
    command.chmod(0o755)
    drive("set style waves")
    drive(f"set start {command}")
    for number in range(40):
        assert drive.process_frame(number, deadline=1000) == ("original", 7)
    assert (tmp_path / "asked").read_text() == f"serve-frames --socket {socket_path} --idle-exit 60\n"
    assert len((tmp_path / "files").read_text().split()) <= 4  # 0, 1, 2 and the one that ls has open
    assert "starting" in drive("status")
    with Engine(socket_path, Peer.serve):
        while drive.process_frame(number)[0] != "painted":
            number += 1


def test_an_engine_that_cannot_be_started(drive, tmp_path):
    drive("set style waves")
    drive(f"set start {tmp_path}/nothing")
    begun = time.monotonic()
    assert drive.process_frame(0, deadline=5000) == ("original", 7)
    assert time.monotonic() - begun < 2
    assert "ends at once" in drive("status")
