"""A session around a painter that costs nothing."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import vidstyle
from vidstyle.live import Controls, LivePainter
from vidstyle.live.session import Session
from vidstyle.live.sinks import parse_sink
from vidstyle.live.sources import parse_source

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take as long to open its own stream as others are given that are not there."""
    monkeypatch.setattr("vidstyle.media.live_source.OPEN", 60.0)


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
def session(plain: LivePainter) -> Iterator[Callable[..., Session]]:
    """Starts sessions that leave frames as they are, and stops them at the end."""
    with ExitStack() as stack:

        def start(source: str, *sinks: str) -> Session:
            painter = LivePainter(plain.stylizer, plain.controls)
            _, opening, again = parse_source(source)
            made = Session(opening, painter, [parse_sink(text) for text in sinks], again=again)
            made.start()
            stack.callback(made.stop)
            return made

        yield start
