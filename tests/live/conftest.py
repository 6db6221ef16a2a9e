"""A session around a painter that costs nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import vidstyle
from vidstyle.live import Controls, LivePainter


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
