"""Channels between threads: order, bounds, and stopping together."""

import threading

import pytest

from vidstyle.pipeline.channel import Channel, Halt, Stopped


def test_items_arrive_in_order_and_never_more_than_fit() -> None:
    channel: Channel[int] = Channel(3, Halt())
    sent = []

    def send() -> None:
        for i in range(100):
            channel.put(i)
            sent.append(i)
        channel.close()

    thread = threading.Thread(target=send)
    thread.start()
    received = []
    for i in channel:
        received.append(i)
        assert len(sent) - len(received) <= 3
    thread.join()
    assert received == list(range(100))


@pytest.mark.parametrize("waits", ["to put", "to get"])
def test_a_halt_wakes_who_waits(waits: str) -> None:
    halt = Halt()
    channel: Channel[int] = Channel(1, halt)
    stopped = threading.Event()

    def wait() -> None:
        try:
            while True:
                channel.put(1) if waits == "to put" else next(channel)
        except Stopped:
            stopped.set()

    thread = threading.Thread(target=wait)
    thread.start()
    first, second = ValueError("first"), ValueError("second")
    halt.set(first)
    halt.set(second)
    thread.join(5)
    assert stopped.is_set()
    assert halt.error is first
