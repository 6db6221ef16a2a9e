"""The engine made ready for sizes of frames: compiling for a new one takes a second or more."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from vidstyle.aside import Aside
from vidstyle.runtime.openvino import KEPT as SIZES
from vidstyle.stylizers import StyleCode

from .brush import Brush
from .lately import Lately, Size

__all__ = ["SIZES", "Readiness"]

GUESSED = 2560 * 1440
"""Pixels of a frame, at most, for which the engine is compiled before it is known whether one is to be painted."""


class Readiness:
    """Makes ready, aside, for the sizes that are wanted, and for those that may be where there is nothing else to do.

    any_style: gives some style, where it does not matter which. lately: sizes that may be wanted again.
    """

    def __init__(self, brush: Brush, any_style: Callable[[], StyleCode], aside: Aside, lately: Lately | None) -> None:
        self._brush, self._any_style, self._aside, self._lately = brush, any_style, aside, lately
        self._made: OrderedDict[Size, Future] = OrderedDict()
        self._noted: set[Size] = set()
        self._guesses = lately.sizes() if lately else []
        self._guess: Future | None = None

    def wanted(self, size: Size, code: StyleCode) -> Future:
        """For frames of a size that are to be painted: done when they can be; begun where it is not."""
        if self._lately and size not in self._noted:
            self._noted.add(size)
            self._aside.ask(partial(self._lately.note, size))
        return self._make(size, lambda: code)

    def failed(self, size: Size) -> None:
        """Try again when it is wanted next."""
        self._made.pop(size, None)

    def expect(self, size: Size) -> None:
        """This size may be wanted next; what was used last time no longer is."""
        self._guesses = [size]

    def guess(self) -> None:
        """Begin with the next size that may be wanted, one at a time."""
        if self._guess and not self._guess.done():
            return
        while self._guesses:
            width, height = size = self._guesses.pop(0)
            if size not in self._made and width * height <= GUESSED:
                self._guess = self._make(size, self._any_style)
                return

    def _make(self, size: Size, code: Callable[[], StyleCode]) -> Future:
        found = self._made.get(size)
        if found is None or (found is self._guess and found.done() and found.exception()):
            self._made[size] = self._aside.ask(lambda: self._brush.prepare(size, code()))
        self._made.move_to_end(size)
        while len(self._made) > SIZES:
            self._made.popitem(last=False)
        return self._made[size]
