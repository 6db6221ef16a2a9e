"""From one style and strength to the next, over a moment."""

from __future__ import annotations

from torch import Tensor

from vidstyle.nets.protocol import StyleCode, mix

__all__ = ["Fade"]


class Fade:
    """What the code and the strength are now, on the way to what they shall be. Times are seconds of one clock."""

    def __init__(self, seconds: float = 0.5) -> None:
        self.seconds = seconds
        self._from: tuple[StyleCode, float] | None = None
        self._to: tuple[StyleCode, float] | None = None
        self._since = 0.0

    def aim(self, code: tuple[Tensor, ...], strength: float, now: float) -> None:
        """Go there from where it is now; at once where it is nowhere yet."""
        if self._to is not None and self._to[0] is code and self._to[1] == strength:
            return
        self._from = None if self._to is None else self.at(now)
        self._to, self._since = (code, strength), now

    def moving(self, now: float) -> bool:
        return self._from is not None and now < self._since + self.seconds

    def at(self, now: float) -> tuple[StyleCode, float]:
        """Codes of one net mix linearly; so do strengths."""
        assert self._to is not None, "nothing was aimed at"
        if self._from is None or not self.moving(now):
            return self._to
        (code, strength), (next_code, next_strength) = self._from, self._to
        share = (now - self._since) / self.seconds
        mixed = code if code is next_code else mix([code, next_code], [1 - share, share])
        return mixed, strength + share * (next_strength - strength)
