"""A session around a painter that costs nothing."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import vidstyle
from vidstyle.live import Controls, LivePainter


@pytest.fixture(scope="module")
def stylizer(model: Path) -> vidstyle.Stylizer:
    return vidstyle.Stylizer(model, runtime="pytorch", device="cpu")


@pytest.fixture
def plain(stylizer: vidstyle.Stylizer) -> Iterator[LivePainter]:
    """A painter at strength 0: frames come out as they went in."""
    painter = LivePainter(stylizer, Controls("waves", strength=0.0))
    yield painter
    painter.close()


@pytest.fixture
def free_port() -> Callable[[], int]:
    def find(kind: int = socket.SOCK_STREAM) -> int:
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    return find
