"""Streams that come faster than they are decoded."""

import io
import socket
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from ports import free_port

from vidstyle.media import Picture, open_live, source_address
from vidstyle.media.backlog import Backlog, Leave


def run(
    rate: float,
    takes: float,
    seconds: float,
    group: int = 50,
    needed: int = 1,
    paced: bool = False,
    fetched: float = 0.0,
    stalls: float = 0.0,
) -> tuple[dict[int, float], list[Leave]]:
    """How late each picture is that was decoded, by its number, and what was left out; only this moves the clock.

    A picture comes `rate` times a second, is decoded in `takes` seconds; one in `needed` is needed by others, one in
    `group` is a key frame. fetched: how long every two seconds take to be fetched.
    stalls: seconds by which all after the first ten come later.
    """
    now, late, left = 0.0, dict[int, float](), list[Leave]()

    def packets() -> Iterator[int]:
        nonlocal now
        for number in range(round(rate * seconds)):
            now = max(now, 0.0 if paced else number / rate + (stalls if number > 10 * rate else 0.0)) + 1e-4
            now += 0.0 if number % (2 * rate) else fetched
            yield number

    backlog, source = Backlog(paced, lambda: now), packets()
    for number in source:
        leave = backlog.judge(number / rate, number % group == 0)
        left.append(leave)
        if leave is not Leave.THIS and (leave is not Leave.SOME or number % needed == 0):
            now += takes
            late[number] = now - number / rate
            if paced:
                now = max(now, number / rate)
    return late, left


@pytest.mark.parametrize("group", [1, 10, 50, 250])
@pytest.mark.parametrize("takes", [0.021, 0.03, 0.1])
@pytest.mark.parametrize("paced", [False, True])
def test_it_is_never_later_than_it_takes_to_skip(group: int, takes: float, paced: bool) -> None:
    late, left = run(50, takes, 120, group, paced=paced)
    # In the first group nobody knows yet that there will be another.
    assert max(seconds for number, seconds in late.items() if number > group) < 1.1 + takes
    assert Leave.THIS in left
    assert len(late) > 300


def test_pictures_that_no_other_needs_go_first() -> None:
    late, left = run(50, 0.03, 60, needed=3)
    assert Leave.SOME in left
    assert Leave.THIS not in left
    assert max(late.values()) < 0.6


def test_who_keeps_pace_leaves_nothing_out() -> None:
    _, left = run(50, 0.018, 60)
    assert set(left) == {Leave.NOTHING}


def test_a_source_that_comes_later_than_it_did_is_taken_as_it_is() -> None:
    _, left = run(50, 0.015, 60, stalls=3.0)
    assert left.count(Leave.BEFORE) == 1
    assert left.count(Leave.THIS) < 50 * 6


@pytest.mark.parametrize("takes", [0.012, 0.03])
def test_pieces_that_are_fetched_make_nobody_late(takes: float) -> None:
    """As those of a playlist are, for ten minutes."""
    late, left = run(50, takes, 600, paced=True, fetched=0.3)
    assert max(seconds for number, seconds in late.items() if number > 50) < 1.5
    assert (Leave.THIS in left) == (takes > 0.02)


def test_where_no_key_frame_comes_nothing_is_waited_for() -> None:
    _, left = run(50, 0.03, 60, group=10**6)
    assert Leave.THIS not in left


def encoded(size: tuple[int, int], frames: int) -> list[tuple[bytes, bool]]:
    """H.264 packets of a picture that moves too far to be predicted, and which are key frames: the first of five."""
    rng = np.random.default_rng(0)
    ground = rng.integers(0, 256, (size[1] // 4, size[0] // 4), np.uint8).repeat(4, 0).repeat(4, 1)
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = *size, "yuv420p"
    encoder.time_base, encoder.framerate, encoder.gop_size = Fraction(1, 30), Fraction(30), 5
    encoder.options = {"preset": "veryfast", "tune": "zerolatency", "crf": "27", "x264-params": "scenecut=0"}
    packets = []
    for number in range(frames):
        chroma = np.full((size[1] // 2, size[0]), 128, np.uint8)
        frame = av.VideoFrame.from_ndarray(np.concatenate([np.roll(ground, 37 * number, 1), chroma]), "yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, 30)
        packets += encoder.encode(frame)
    return [(bytes(packet), packet.is_keyframe) for packet in packets + encoder.encode(None)]


class Datagrams(io.RawIOBase):
    """What is written goes to a port of this machine."""

    def __init__(self, port: int) -> None:
        self.port, self.socket = port, socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        for at in range(0, len(data), 1316):
            self.socket.sendto(data[at : at + 1316], ("127.0.0.1", self.port))
        return len(data)


def test_a_stream_that_is_too_heavy_stays_in_time() -> None:
    """Three times as fast as it can be decoded, then ten pictures a second."""
    size = 1280, 720
    packets = encoded(size, 40)
    decoder, began = av.CodecContext.create("h264", "r"), time.monotonic()
    for data, _ in packets:
        decoder.decode(av.Packet(data))  # type: ignore[attr-defined]
    takes = (time.monotonic() - began) / len(packets)
    port, clock, sent = free_port(), Fraction(1, 90_000), dict[int, float]()

    options = {"flush_packets": "1", "mpegts_copyts": "1"}

    def send() -> None:
        with av.open(Datagrams(port), "w", format="mpegts", options=options) as out:
            stream = out.add_stream("libx264", rate=30)
            stream.width, stream.height, stream.time_base = *size, clock
            at, number, start = 0.0, 0, time.monotonic()
            while at < 8.5:
                time.sleep(max(0.0, start + at - time.monotonic()))
                data, key = packets[number % len(packets)]
                packet = av.Packet(data)
                packet.pts = packet.dts = round(at / clock)
                packet.time_base, packet.is_keyframe, packet.stream = clock, key, stream
                sent[packet.pts] = time.monotonic()
                out.mux(packet)
                at, number = at + (takes / 3 if at < 4 else 0.1), number + 1

    sender = threading.Thread(target=send)
    threading.Timer(0.2, sender.start).start()
    source = open_live(source_address(f"udp://127.0.0.1:{port}"))
    late, skipped = dict[float, float](), dict[float, int]()
    for item in source:
        if isinstance(item, Picture) and item.seconds is not None:
            late[item.seconds] = time.monotonic() - sent[round(item.seconds / clock)]
            skipped[item.seconds] = source.skipped
            if item.seconds > 8:
                break
    source.close()
    # What came while it was opened is late already, until something is skipped. A second is the limit; decoding all
    # would end 2.7 s late, and busy machines hold up the sender and the clock as well.
    assert max(seconds for at, seconds in late.items() if skipped[at]) < 2.2
    assert source.skipped > 20
    assert source.skipped == next(count for at, count in skipped.items() if at > 7)
