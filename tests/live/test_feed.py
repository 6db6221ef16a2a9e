"""Sources that are slow to be fetched, begin anew, or die."""

import threading
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest

from vidstyle import InputError
from vidstyle.live.feed import Feed
from vidstyle.media import Picture, Sound, Stream


class Scripted(Stream):
    """Pictures with these times, each let through by `gate`; then the end, or a failure."""

    size, rate, has_sound, paced = (32, 32), Fraction(25), True, False

    def __init__(self, times: list[float], dies: bool = False, hold: threading.Event | None = None) -> None:
        self.times, self.dies, self.hold = times, dies, hold

    def __iter__(self) -> Iterator[Picture | Sound]:
        for seconds in self.times:
            yield Picture(np.full((32, 32, 3), round(seconds * 10) % 256, np.uint8), seconds)
        if self.hold:
            self.hold.wait(10)
        if self.dies:
            raise InputError("it died")

    def close(self) -> None:
        pass


def feed(*streams: Stream, again: bool = True) -> tuple[Feed, list[str]]:
    waiting, notes = list(streams), list[str]()

    def open() -> Stream:
        if not waiting:
            raise InputError("nobody is there")
        return waiting.pop(0)

    return Feed(open, lambda samples, seconds: None, again=again, note=notes.append), notes


def test_the_newest_picture_wins_and_the_others_are_counted() -> None:
    hold = threading.Event()
    source, _ = feed(Scripted([0.1, 0.2, 0.3, 0.4], hold=hold), again=False)
    source.start()
    while source.came < 4:
        pass
    shot = source.newest(1)
    assert shot is not None
    assert shot.picture.rgb[0, 0, 0] == 4
    assert (shot.dropped, source.dropped, source.came) == (3, 3, 4)
    assert source.newest(0.01) is None
    assert not source.ended
    hold.set()
    assert source.newest(5) is None
    assert source.ended
    source.stop()


def test_a_source_that_dies_is_opened_again_and_time_goes_on() -> None:
    first, second = threading.Event(), threading.Event()
    source, notes = feed(Scripted([5.0], dies=True, hold=first), Scripted([900.0, 900.5], hold=second))
    source.start()
    shot = source.newest(5)
    assert shot is not None
    first.set()
    later = source.newest(10)
    assert later is not None
    assert later.fresh
    assert shot.seconds < later.seconds < shot.seconds + 10
    assert source.reconnects == 1
    assert any("it died" in note for note in notes)
    second.set()
    source.stop()


def test_a_clock_that_leaps_does_not_leap_here() -> None:
    hold = threading.Event()
    source, _ = feed(Scripted([0.0, 0.04, 50_000.0], hold=hold), again=False)
    source.start()
    while source.came < 3:
        pass
    shot = source.newest(1)
    assert shot is not None
    assert shot.fresh
    assert shot.seconds < 2
    hold.set()
    source.stop()


def test_what_comes_late_comes_after_what_was_shown_in_its_place() -> None:
    gate = threading.Event()

    class Late(Scripted):
        def __iter__(self) -> Iterator[Picture | Sound]:
            for seconds in (0.0, 0.04, 0.08):
                yield Picture(np.zeros((32, 32, 3), np.uint8), seconds)
            gate.wait(10)
            yield Picture(np.zeros((32, 32, 3), np.uint8), 0.12)

    source, _ = feed(Late([]), again=False)
    source.start()
    while source.came < 3:
        pass
    assert source.newest(1)
    stamps = [source.repeat()]
    while stamps[-1] < 0.2:
        stamps.append(source.repeat())
    gate.set()
    shot = source.newest(5)
    assert shot is not None
    assert shot.seconds > stamps[-1]
    source.stop()


def test_a_source_that_is_not_there_is_told_at_once() -> None:
    with pytest.raises(InputError, match="nobody"):
        feed()


def test_a_failure_that_nobody_expected_is_not_lost() -> None:
    class Broken(Scripted):
        def __iter__(self) -> Iterator[Picture | Sound]:
            raise ZeroDivisionError
            yield

    source, _ = feed(Broken([]))
    source.start()
    assert source.newest(5) is None
    assert isinstance(source.error, ZeroDivisionError)
