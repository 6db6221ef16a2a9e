"""A connection in another process."""

import io
import socket
import threading
from fractions import Fraction

import av
import numpy as np
import pytest
from ports import free_port

from vidstyle import OutputError
from vidstyle.media import EncodedSink, target

PICTURE = np.full((64, 64, 3), 90, np.uint8)


def test_what_is_shown_arrives() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        sink = EncodedSink(target(f"tcp://127.0.0.1:{server.getsockname()[1]}"), (64, 64), Fraction(10), True)
        came: list[bytes] = []

        def take() -> None:
            there, _ = server.accept()
            with there:
                came.extend(iter(lambda: there.recv(65536), b""))

        taker = threading.Thread(target=take)
        taker.start()
        for tenth in range(10):
            sink.hear(np.zeros((4800, 2), np.int16), tenth / 10)
            sink.show(PICTURE, tenth / 10)
        sink.close()
        taker.join(10)
    assert sink.connected
    with av.open(io.BytesIO(b"".join(came)), format="mpegts") as container:
        assert len(container.streams.audio) == 1
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(pictures) == 10
    assert abs(pictures[-1].mean() - 90) < 3


def test_a_refusal_is_said() -> None:
    sink = EncodedSink(target(f"rtmp://user:secret@127.0.0.1:{free_port()}/live/x"), (64, 64), Fraction(10), False)

    def show() -> None:
        for tenth in range(100_000):
            sink.show(PICTURE, tenth / 10)

    with pytest.raises(OutputError, match=r"rtmp://127\.0\.0\.1:\d+/live/x cannot be opened: Connection refused"):
        show()
    sink.abort()


def test_no_secret_is_among_the_arguments() -> None:
    sink = EncodedSink(target(f"rtmp://user:secret@127.0.0.1:{free_port()}/live/x"), (64, 64), Fraction(10), False)
    assert sink._relay is not None
    arguments = " ".join(map(str, sink._relay._child.args))  # type: ignore[arg-type]
    sink.abort()
    assert "relay_child" in arguments
    assert "secret" not in arguments
