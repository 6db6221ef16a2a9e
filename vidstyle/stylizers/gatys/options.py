"""How pictures are optimized."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vidstyle.errors import OptionError

__all__ = ["GatysOptions"]


@dataclass(frozen=True)
class GatysOptions:
    """Weights of the energy's terms, and how it is lowered.

    The terms of content and style are relative: 1 is what an empty picture would have.
    """

    content: float = 1.0
    """α, of the content's features at relu4_2."""
    style: float = 20.0
    """β, of the Gram matrices at relu1_1 … relu5_1."""
    variation: float = 10.0
    """Of the mean squared difference of neighbouring pixels."""
    temporal: float = 100.0
    """Of the mean squared difference from what an earlier painting brings, where it can be trusted."""
    steps: int = 150
    """At each size, from coarse to fine."""
    optimizer: str = "lbfgs"
    """lbfgs or adam."""
    init: str = "content"
    """What the coarsest picture begins as: content or noise."""
    coarsest: int | None = None
    """Short side, in pixels, below which no size is begun with; sizes double from one to the next. None: 128 from
    noise, which comes into order sooner when small; 256 from the content, of whose shapes small sizes keep less."""

    def __post_init__(self) -> None:
        weights = (self.content, self.style, self.variation, self.temporal)
        if not all(math.isfinite(weight) for weight in weights):
            raise OptionError("a weight is not finite; give numbers from 0 on")
        if min(weights) < 0 or not self.content + self.style > 0:
            raise OptionError("weights are 0 or more, and those of content and style not both 0")
        if not 1 <= self.steps <= 100_000:
            raise OptionError(f"{self.steps} steps make no sense; give 1 to 100000")
        if self.optimizer not in ("lbfgs", "adam"):
            raise OptionError(f"no optimizer is called {self.optimizer}; choose lbfgs or adam")
        if self.init not in ("content", "noise"):
            raise OptionError(f"nothing begins as {self.init}; choose content or noise")
        if self.coarsest is not None and self.coarsest < 32:
            raise OptionError(f"a coarsest side of {self.coarsest} pixels is too small; give at least 32")
