"""What the stabiliser remembers of a clip."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from .motion import Past

__all__ = ["ClipMemory", "Moment"]


@dataclass
class Moment:
    """One frame: what was seen, what was painted, and how it hangs together with the next one."""

    known: Tensor
    """The content's luma, held as the painting is, (1, 1, h, w), at the size at which flow is estimated."""
    held: Tensor
    """The painting joined with what was held before it, (1, 3, H, W)."""
    rough: Tensor
    """How rough the painting alone was; see `detail.roughness`."""
    past: Past | None = None
    """What is known of the motion up to here; None for the first frame of a shot."""
    kept: np.ndarray | None = None
    """Weight in `held` of what was held before, (h, w) in [0, 1]; None for the first frame of a shot."""
    onward: np.ndarray | None = None
    """The flow to the next frame, (2, h, w), where there is look-ahead and the next frame is of the same shot."""
    trust: np.ndarray | None = None
    """How far `onward` is believed, (h, w) in [0, 1]."""


@dataclass
class ClipMemory:
    """Everything that outlives a frame of a clip: one object per clip and style, handed along with every frame.

    level: how steady the paintings are to be; see `stabiliser.LEVELS`. It can be reset, saved (`to_tensors`) and moved
    to where the clip goes on.
    """

    level: str = "fast"
    moments: deque[Moment] = field(default_factory=deque)
    """The frames that wait, oldest first, or else the last one."""
    waiting: int = 0
    """How many of them have not been handed out."""
    thumbnail: np.ndarray | None = None
    """The newest content, small, to tell a cut by."""
    following: int | None = None
    """Number of the frame that is to come next; another one was sought, or frames were dropped."""

    def reset(self) -> None:
        """Forget the clip."""
        self.moments.clear()
        self.waiting, self.thumbnail, self.following = 0, None, None

    def to_tensors(self) -> dict[str, Tensor]:
        """Everything as tensors, for a safetensors file."""
        state = {"level": torch.tensor(list(self.level.encode())), "waiting": torch.tensor(self.waiting)}
        if self.following is not None:
            state["following"] = torch.tensor(self.following)
        if self.thumbnail is not None:
            state["thumbnail"] = torch.from_numpy(self.thumbnail.copy())
        for number, moment in enumerate(self.moments):
            past = vars(moment.past) if moment.past else {}
            for key, value in (vars(moment) | {f"past.{key}": value for key, value in past.items()}).items():
                if isinstance(value, (Tensor, np.ndarray)):
                    state[f"{number}.{key}"] = torch.as_tensor(value).clone(memory_format=torch.contiguous_format)
        return state

    @classmethod
    def from_tensors(cls, state: dict[str, Tensor], device: torch.device | str = "cpu") -> ClipMemory:
        """What `to_tensors` wrote. ValueError where it is not that."""
        try:
            memory = cls(bytes(state["level"].tolist()).decode())
            memory.waiting = int(state["waiting"])
            memory.following = int(state["following"]) if "following" in state else None
            memory.thumbnail = state["thumbnail"].cpu().numpy() if "thumbnail" in state else None
            while f"{len(memory.moments)}.known" in state:
                prefix = f"{len(memory.moments)}."
                own = {key.removeprefix(prefix): v for key, v in state.items() if key.startswith(prefix)}
                known, held, rough = own.pop("known"), own.pop("held").to(device), own.pop("rough").to(device)
                motion = {key: value.cpu().numpy() for key, value in own.items()}
                past = {key.removeprefix("past."): motion.pop(key) for key in own if key.startswith("past.")}
                memory.moments.append(Moment(known, held, rough, Past(**past) if past else None, **motion))
        except (KeyError, TypeError, RuntimeError) as error:
            raise ValueError(f"no memory of a clip: {error}") from None
        if not 0 <= memory.waiting <= len(memory.moments):
            raise ValueError(f"no memory of a clip: {memory.waiting} of {len(memory.moments)} frames wait")
        return memory
