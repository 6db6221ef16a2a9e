"""Sinks that stall, break off, or come late."""

import threading

import numpy as np

from vidstyle.errors import OutputError
from vidstyle.live.outlet import Outlet, Painted

PICTURE = np.zeros((2, 2, 3), np.uint8)


class Fake:
    """Takes what comes; waits for `gate` before each picture, breaks off at the times in `breaks`."""

    connected = True

    def __init__(self, gate: threading.Event | None = None, breaks: tuple[float, ...] = ()) -> None:
        self.gate, self.breaks = gate, breaks
        self.taken: list[float] = []
        self.some = threading.Semaphore(0)
        self.ended = ""

    def show(self, rgb: np.ndarray, seconds: float) -> None:
        self.some.release()
        if self.gate:
            self.gate.wait(10)
        if seconds in self.breaks:
            raise OutputError("it broke")
        self.taken.append(seconds)

    def hear(self, samples: np.ndarray, seconds: float) -> None:
        pass

    def close(self) -> None:
        self.ended = "closed"

    def abort(self) -> None:
        self.ended = "aborted"


def outlet(*sinks: Fake, again: bool = False, room: int = 2, stuck: float = 10.0) -> tuple[Outlet, list[str]]:
    waiting, notes = list(sinks), list[str]()

    def open() -> Fake:
        if not waiting:
            raise OutputError("nobody listens")
        return waiting.pop(0)

    return Outlet("fake", open, again=again, room=room, note=notes.append, stuck=stuck), notes


def test_a_sink_that_stalls_loses_the_oldest_and_nobody_waits() -> None:
    gate = threading.Event()
    sink = Fake(gate)
    out, _ = outlet(sink)
    out.start()
    out.show(Painted(PICTURE, 0.0, 0.0))
    assert sink.some.acquire(timeout=5)
    for number in range(1, 101):
        out.show(Painted(PICTURE, float(number), 0.0))
    gate.set()
    out.close(5)
    assert sink.taken == [0, 99, 100]
    assert (out.shown, out.dropped) == (3, 98)
    assert sink.ended == "closed"


def test_a_sink_that_breaks_off_is_opened_again() -> None:
    first, second = Fake(breaks=(0.0,)), Fake()
    out, notes = outlet(first, second, again=True)
    out.start()
    out.show(Painted(PICTURE, 0.0, 0.0))
    number = 1
    while not second.some.acquire(timeout=0.05):
        out.show(Painted(PICTURE, float(number), 0.0))
        number += 1
        assert number < 1000
    out.close(5)
    assert first.ended == "aborted"
    assert second.ended == "closed"
    assert out.shown == len(second.taken)
    assert out.failed is None
    assert any("it broke" in note for note in notes)


def test_one_that_may_not_be_opened_again_has_failed() -> None:
    sink = Fake(breaks=(0.0,))
    out, _ = outlet(sink)
    out.start()
    out.show(Painted(PICTURE, 0.0, 0.0))
    out.close(5)
    assert out.failed == "it broke"
    assert sink.ended == "aborted"
    out.show(Painted(PICTURE, 1.0, 0.0))
    assert out.dropped == 1


def test_one_that_takes_nothing_is_opened_anew_beside_it() -> None:
    gate, second = threading.Event(), Fake()
    first = Fake(gate)
    out, notes = outlet(first, second, again=True, stuck=0.01)
    out.start()
    out.show(Painted(PICTURE, 0.0, 0.0))
    assert first.some.acquire(timeout=5)
    number = 1
    while not second.some.acquire(timeout=0.02):
        out.show(Painted(PICTURE, float(number), 0.0))
        number += 1
        assert number < 1000
    gate.set()
    out.close(5)
    assert "takes nothing" in notes[0]
    assert out.shown == len(second.taken) > 0
    assert out.failed is None
    assert second.ended == "closed"


def test_one_that_never_finishes_is_left_alone() -> None:
    sink = Fake(threading.Event())
    out, _ = outlet(sink)
    out.start()
    out.show(Painted(PICTURE, 0.0, 0.0))
    assert sink.some.acquire(timeout=5)
    out.close(0.05)
    assert out.failed
    assert "did not finish" in out.failed
    assert sink.gate
    sink.gate.set()
