"""Where in a frame a style acts: what a picture, a clip or a colour says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vidstyle.errors import InputError, OptionError
from vidstyle.frames import MAX_PIXELS, Frame
from vidstyle.media import Source, open_source
from vidstyle.media.stamps import DEFAULT_RATE
from vidstyle.temporal.chain import Chain, another_shot
from vidstyle.temporal.cuts import thumbnail
from vidstyle.temporal.flow import FlowEstimator, flow_estimator
from vidstyle.temporal.raster import LONGEST, blurred, enlarged, luma, moved, resized, shrunk

__all__ = ["Mask", "MaskOptions", "open_mask"]

Shape = Callable[[Tensor, Fraction], Tensor]
"""A frame (1, 3, H, W) in [0, 1] and its time in seconds -> (1, 1, H, W) in [0, 1], 1 where the style acts."""

KEY = re.compile(r"key:#?([0-9a-fA-F]{6})(?::(\d*\.?\d+))?")
TOLERANCE = 0.12
"""Distance of colour differences, each from −0.5 to 0.5, up to which a colour is the key."""
HELD = 0.5
"""Share of the mask before, moved, in a mask that is found anew for every frame: its edges do not flicker."""
PIXELS = 100_000
"""At about so many pixels flow is estimated."""


@dataclass(frozen=True)
class MaskOptions:
    """feather: deviation, in pixels of the frame, of the Gaussian that softens edges. follow: whether a picture's mask
    is moved along with what it covers in the first frame of a shot."""

    feather: float = 4.0
    follow: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.feather <= 500:
            raise OptionError(f"a feather of {self.feather:g} pixels is outside 0 to 500")


class Mask:
    """Masks of the frames of a clip, in order."""

    def __init__(self, shape: Shape, options: MaskOptions, still: bool, inverted: bool = False) -> None:
        self.shape, self.options, self.still, self.inverted = shape, options, still, inverted
        self.estimate: FlowEstimator = flow_estimator("dis-fast")
        self.began: Fraction | None = None
        self.fixed: dict[tuple[int, ...], Tensor] = {}
        self.seen: Tensor | None = None
        self.thumbnail: np.ndarray | None = None
        self.chain: Chain | None = None
        self.held: Tensor | None = None

    @torch.no_grad()
    def __call__(self, content: Tensor, seconds: Fraction) -> Tensor:
        """The mask (1, 1, H, W) in [0, 1] of the clip's next frame (1, 3, H, W), at that time."""
        # A mask begins with the clip, whatever either's first time stamp is.
        self.began = seconds if self.began is None else self.began
        fixed = self.still and not self.options.follow
        if fixed and content.shape in self.fixed:
            return self.fixed[content.shape]
        frame = content.detach().to("cpu", torch.float32)
        found = self.shape(frame, seconds - self.began)
        if not fixed:
            found = self._steady(frame, found)
        if self.options.feather:
            found = blurred(found, self.options.feather)
        found = (1 - found if self.inverted else found).clamp(0, 1).to(content)
        if fixed:
            self.fixed = {content.shape: found}
        return found

    def _steady(self, frame: Tensor, found: Tensor) -> Tensor:
        """Moved with the content, or joined with the mask before, moved."""
        size = (frame.shape[-2], frame.shape[-1])
        seen, now = luma(shrunk(frame, PIXELS)), thumbnail(frame)
        before, self.seen = self.seen, seen
        earlier, self.thumbnail = self.thumbnail, now
        if before is None or earlier is None or before.shape != seen.shape or max(size) > LONGEST:
            return self._begin(seen, found)
        step = Chain.between(self.estimate, seen, before)
        trust = step.checked(seen, before)
        if another_shot(earlier, now, trust):
            return self._begin(seen, found)
        assert self.chain is not None
        assert self.held is not None
        if self.still:
            self.chain = self.chain.extended(step)
            return moved(found, enlarged(self.chain.flow, size), cubic=False)
        weight = HELD * resized(trust, size)
        self.held = torch.lerp(found, moved(self.held, enlarged(step.flow, size), cubic=False), weight)
        return self.held

    def _begin(self, seen: Tensor, found: Tensor) -> Tensor:
        """Another shot."""
        self.chain, self.held = Chain.at(seen), found
        return found


def open_mask(
    text: str | Path,
    options: MaskOptions,
    stack: ExitStack,
    *,
    start: Fraction | None = None,
    end: Fraction | None = None,
    rate: Fraction | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Mask:
    """A mask by what a user wrote: a picture or clip (white is styled; its alpha counts), or key:#RRGGBB[:TOLERANCE].

    "!" before it turns it round. What it opens is closed with `stack`. start, end: the part of the clip that is
    painted; rate: of its frames, for a folder of masks. InputError or OptionError where it is no mask.
    """
    written = str(text)
    inverted, name = written.startswith("!"), written.removeprefix("!")
    key = KEY.fullmatch(name)
    if key:
        return Mask(_key(key[1], float(key[2]) if key[2] else TOLERANCE), options, False, inverted)
    if name.startswith("key:"):
        raise OptionError(f"--mask {written} is not of the form key:#RRGGBB or key:#RRGGBB:TOLERANCE")
    source = stack.enter_context(open_source(name, max_pixels=max_pixels))
    if source.info.still:
        picture = next((_values(frame) for frame in source), None)
        if picture is None:
            raise InputError(f"the mask {name} holds no picture")
        return Mask(lambda frame, seconds: _fitted(picture, frame), options, True, inverted)
    source.close()
    source = stack.enter_context(
        open_source(name, start=start, end=end, rate=rate or DEFAULT_RATE, max_pixels=max_pixels)
    )
    return Mask(_Clip(source, name), options, False, inverted)


class _Clip:
    """The frames of a clip by time: at each time the last one that has begun."""

    def __init__(self, source: Source, name: str) -> None:
        self.frames: Iterator[Frame] = iter(source)
        self.upcoming = next(self.frames, None)
        if self.upcoming is None:
            raise InputError(f"the mask {name} holds no frames")
        self.values, self.began = _values(self.upcoming), self.upcoming.stamp.seconds

    def __call__(self, frame: Tensor, seconds: Fraction) -> Tensor:
        while self.upcoming is not None and self.upcoming.stamp.seconds - self.began <= seconds:
            self.values = _values(self.upcoming)
            self.upcoming = next(self.frames, None)
        return _fitted(self.values, frame)


def _values(frame: Frame) -> Tensor:
    """Luma, times alpha: (1, 1, h, w) in [0, 1]."""
    largest = 65535 if frame.rgb.dtype == np.uint16 else 255
    rgb = torch.from_numpy(frame.rgb.astype(np.float32) / largest).permute(2, 0, 1)[None]
    values = luma(rgb)
    if frame.alpha is not None:
        values = values * torch.from_numpy(frame.alpha.astype(np.float32) / largest)
    return values


def _fitted(values: Tensor, frame: Tensor) -> Tensor:
    return resized(values, (frame.shape[-2], frame.shape[-1]))


def _key(code: str, tolerance: float) -> Shape:
    """Where the colour is near to a key's, whatever its lightness. Colour differences as in ITU-R BT.709, item 3.4."""
    rgb = torch.tensor([int(code[at : at + 2], 16) / 255 for at in (0, 2, 4)])[None, :, None, None]
    wanted = _differences(rgb)

    def shape(frame: Tensor, seconds: Fraction) -> Tensor:
        far = (_differences(frame) - wanted).norm(dim=1, keepdim=True)
        return (1.5 - far / max(tolerance, 1e-6)).mul(2).clamp(0, 1)

    return shape


def _differences(rgb: Tensor) -> Tensor:
    y = luma(rgb)
    return torch.cat([(rgb[:, 2:] - y) / 1.8556, (rgb[:, :1] - y) / 1.5748], 1)  # (N, 2, H, W)
