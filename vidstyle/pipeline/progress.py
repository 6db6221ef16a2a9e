"""What a run reports while it goes on, and when it is done."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Progress", "Result"]


@dataclass(frozen=True)
class Progress:
    """An event of a running job."""

    frames: int
    """Frames written so far."""
    total: int | None
    """Frames in the clip, where the file says."""
    fps: float
    """Frames per second since the first one."""
    eta: float | None
    """Seconds to go, where that can be told."""
    limited_by: str
    """The stage that the others wait for: decode, stylize or encode."""

    def __str__(self) -> str:
        of = f"/{self.total}" if self.total else ""
        eta = f", {self.eta:.0f} s to go" if self.eta is not None else ""
        return f"{self.frames}{of} frames, {self.fps:.1f} fps{eta}, limited by {self.limited_by}"


@dataclass(frozen=True)
class Result:
    """A finished job."""

    output: Path
    frames: int
    seconds: float
    """Wall time from opening the input to the finished output."""
    fps: float
    """Frames per second from the first frame read to the last one written."""
    size: tuple[int, int]
    """(width, height) of the output."""
    runtime: str
    """What the net ran on."""
    stages: dict[str, float] = field(default_factory=dict)
    """Busy seconds of each stage; they work side by side."""
    notes: list[str] = field(default_factory=list)
    """What a user should know about this result, one line each."""
    repeated: int = 0
    """Damaged frames replaced by the frame before."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"output": str(self.output)}
