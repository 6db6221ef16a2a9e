"""A style that changes as a clip goes on: a walk from seed to seed of a generator."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from vidstyle.nets.protocol import mix
from vidstyle.styles import Imagined
from vidstyle.stylizers import StyleCode, StyleInput
from vidstyle.zoo.generators import imagine, load_generator

__all__ = ["Walk", "walks"]

Weighted = Sequence[tuple[StyleInput, float]]
PER_STEP = 8
"""Places on the way from a seed to the next whose styles are encoded; between them codes are mixed."""


def walks(styles: Weighted) -> bool:
    """Whether one of the styles changes."""
    return any(found.last != found.seed for style, _ in styles if (found := Imagined.parse(style)))


class Walk:
    """The code of a time.

    encode: styles with weights -> their code. seconds: from a seed to the next. At its last seed a walk stays.
    """

    def __init__(self, encode: Callable[[Weighted], StyleCode], styles: Weighted, seconds: float) -> None:
        self.encode, self.styles, self.seconds = encode, styles, seconds
        names = {found.file for style, _ in styles if (found := Imagined.parse(style))}
        self.generators = {name: load_generator(name) for name in names}
        self.codes: dict[int, StyleCode] = {}
        ways = [abs(found.last - found.seed) for style, _ in styles if (found := Imagined.parse(style))]
        self.end = max(ways) * PER_STEP

    def at(self, seconds: float) -> StyleCode:
        """After so many seconds."""
        place = min(self.end, max(0.0, seconds) / self.seconds * PER_STEP)
        passed, share = int(place), place % 1
        if not share:
            return self._code(passed)
        one, other = self._code(passed), self._code(passed + 1)
        return StyleCode(mix([one.tensors, other.tensors], [1 - share, share]), one.strength, one.keep_color)

    def _code(self, place: int) -> StyleCode:
        if place not in self.codes:
            # Time goes on: what is behind is not asked for again.
            self.codes = {known: code for known, code in self.codes.items() if known >= place - 1}
            self.codes[place] = self.encode([(self._picture(style, place), weight) for style, weight in self.styles])
        return self.codes[place]

    def _picture(self, style: StyleInput, place: int) -> StyleInput | Tensor:
        found = Imagined.parse(style)
        return imagine(self.generators[found.file], *found.at(place / PER_STEP)) if found else style
