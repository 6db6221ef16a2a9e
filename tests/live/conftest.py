"""A session around a painter that costs nothing."""

from collections.abc import Iterator
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
