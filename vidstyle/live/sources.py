"""Sources as users write them."""

from __future__ import annotations

from collections.abc import Callable

from vidstyle.frames import MAX_PIXELS
from vidstyle.media import Stream, open_live, source_address

from .test_source import TestSource

__all__ = ["parse_source"]


def parse_source(text: str, max_pixels: int = MAX_PIXELS) -> tuple[str, Callable[[], Stream], bool]:
    """Its name, as shown; what opens it; and whether it is to be opened again when it has died. See `source_address`;
    `test:` makes pictures."""
    if text.startswith("test:"):
        return text, lambda: TestSource(text, max_pixels), False
    address = source_address(text)
    return address.name, lambda: open_live(address, max_pixels), address.again
