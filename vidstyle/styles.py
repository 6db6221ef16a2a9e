"""What a style is: pictures with weights, how strongly they act, and what of the content stays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from .errors import OptionError, StyleError
from .near import meant, meant_file

__all__ = ["Imagined", "Style", "builtin_styles", "find_style", "parse_style"]

HERE = Path(__file__).parent
# A wheel carries the sample styles inside the package; a checkout keeps them beside it.
BUILT_IN = (HERE / "assets" / "styles", HERE.parent / "samples" / "styles")


@dataclass(frozen=True)
class Style:
    """One or more style pictures and how they act.

    images: paths and weights; the weights are scaled to sum to one. strength: 0 (the content) to 1.
    keep_color: the content's chrominance stays, the style gives the lightness. size: short side in pixels at which the
    net sees the style, None for the net's own; larger gives larger strokes.
    """

    images: tuple[tuple[Path, float], ...]
    strength: float = 1.0
    keep_color: bool = False
    size: int | None = None

    def __post_init__(self) -> None:
        if any(weight < 0 for _, weight in self.images):
            raise OptionError("a style weight is negative; weights are 0 or more, as in --style a.jpg:0.7")
        total = sum(weight for _, weight in self.images)
        if self.images and not 0 < total < float("inf"):
            raise OptionError("the style weights sum to zero or to no number; give at least one a positive weight")
        if not 0 <= self.strength <= 1:
            raise OptionError(f"strength {self.strength} is outside 0 to 1")
        if self.size is not None and not 32 <= self.size <= 4096:
            raise OptionError(f"style size {self.size} is outside 32 to 4096 pixels")
        object.__setattr__(self, "images", tuple((path, weight / total) for path, weight in self.images))


def builtin_styles() -> dict[str, Path]:
    """The styles that come with vidstyle, by name."""
    for folder in BUILT_IN:
        if found := sorted(folder.glob("*.jpg")):
            return {path.stem: path for path in found}
    return {}


def find_style(name: str | Path) -> Path:
    """The picture of a built-in style, or `name` itself where it is a file. StyleError where it is neither."""
    path = Path(name).expanduser()
    if path.is_file():
        return path
    known = builtin_styles()
    if str(name) in known:
        return known[str(name)]
    if path.is_dir():
        raise StyleError(f"no style {name}: it is a folder; give a picture in it")
    close = meant(str(name), known) or meant_file(path)
    hint = f"did you mean {close}?" if close else "give a picture, or a name that `vidstyle styles` lists"
    raise StyleError(f"no style {name}: {hint}")


IMAGINED = re.compile(r"dcgan(?:@(?P<file>.+?))?:(?P<seed>\d{1,18})(?:\.\.(?P<last>\d{1,18}))?")


@dataclass(frozen=True)
class Imagined:
    """A style that a generator makes of a seed; with a `last` seed other than it, a walk over those between.

    file: of the generator; the built-in one where empty.
    """

    seed: int
    last: int
    file: str = ""

    @classmethod
    def parse(cls, name: object) -> Imagined | None:
        """`dcgan:SEED`, `dcgan:SEED..LAST` or `dcgan@FILE:SEED`; None for other names, and for files of that name."""
        found = IMAGINED.fullmatch(name) if isinstance(name, str) else None
        if found is None or Path(found.string).is_file():
            return None
        seed = int(found["seed"])
        return cls(seed, int(found["last"] or seed), found["file"] or "")

    def at(self, steps: float) -> tuple[int, int, float]:
        """After so many steps from seed to seed: the seeds passed last and to come next, and the share of the way."""
        towards = 1 if self.last >= self.seed else -1
        passed = min(int(steps), abs(self.last - self.seed))
        share = 0.0 if passed == abs(self.last - self.seed) else steps - passed
        return self.seed + towards * passed, self.seed + towards * (passed + 1), share


def parse_style(argument: str) -> tuple[str, float]:
    """`STYLE` or `STYLE:WEIGHT` -> (style, weight); a file whose name has a colon is taken as it is."""
    name, colon, weight = argument.rpartition(":")
    if not colon or Path(argument).is_file() or (Imagined.parse(argument) and not Imagined.parse(name)):
        return argument, 1.0
    try:
        return name, float(weight)
    except ValueError:
        return argument, 1.0
