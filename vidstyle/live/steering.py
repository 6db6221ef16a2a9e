"""What keys and requests may do to a running session."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vidstyle.errors import OptionError, StyleError, VidstyleError
from vidstyle.staging import StagedFile
from vidstyle.styles import Imagined, builtin_styles

from .controls import LEVELS, Controls

__all__ = ["KEYS", "Steering", "jpeg"]

KEYS = "+/- strength   n next style   t steadiness   c colours   s snapshot   q quit"
STEP = 0.1


class Steering:
    """For any thread. picture: gives the newest painting, (H, W, 3) uint8."""

    def __init__(
        self,
        controls: Controls,
        picture: Callable[[], np.ndarray | None],
        *,
        numbered: int = 0,
        fixed: bool = False,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        """numbered: how many styles of its own the model has; fixed: its only style is in its weights."""
        self.controls, self.picture = controls, picture
        self.quit = threading.Event()
        self._note, self._numbered, self._fixed = note, numbered, fixed
        self._given = [name for name, _ in controls.look.styles]
        self._next = self._circle()

    def _circle(self) -> list[str]:
        if self._fixed:
            return []
        if self._numbered:
            return [str(number) for number in range(self._numbered)]
        return list(dict.fromkeys([*self._given, *builtin_styles()]))

    def key(self, key: str) -> None:
        """What a key does; see KEYS."""
        look = self.controls.look
        if key in "+=-_":
            step = STEP if key in "+=" else -STEP
            self.controls.set(strength=round(min(1.0, max(0.0, look.strength + step)), 3))
        elif key == "n" and self._next:
            now = look.styles[0][0] if look.styles else ""
            at = self._next.index(now) + 1 if now in self._next else 0
            self.controls.set(styles=self._next[at % len(self._next)])
        elif key == "t":
            self.controls.set(temporal=LEVELS[(LEVELS.index(look.temporal) + 1) % len(LEVELS)])
        elif key == "c":
            self.controls.set(keep_color=not look.keep_color)
        elif key == "s":
            self._snapshot()
        elif key in "q\x03\x1b":
            self.quit.set()

    def change(self, wanted: Any) -> None:
        """What a request asks for; VidstyleError, and nothing changes, where it makes no sense or may not be."""
        if not isinstance(wanted, dict):
            raise OptionError('send an object, as in {"strength": 0.5}')
        changes = {key: self._checked(key, value) for key, value in wanted.items()}
        self.controls.set(**changes)

    def _checked(self, key: str, value: Any) -> Any:
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        if key == "styles":
            return self._styles(value)
        if (key == "strength" and number) or (key == "keep_color" and isinstance(value, bool)):
            return value
        if key == "max_side" and (value is None or (number and isinstance(value, int))):
            return value
        if key == "temporal" and isinstance(value, str):
            return value
        raise OptionError(f"{str(key)[:40]} cannot be {str(value)[:40]}")

    def _styles(self, value: Any) -> list[tuple[str, float]]:
        given = [value] if isinstance(value, str) else value
        if not isinstance(given, list) or not 1 <= len(given) <= 16:
            raise OptionError('styles is a name or a list, as in ["waves", ["glass", 0.5]]')
        found = []
        for item in given:
            name, weight = (item, 1.0) if isinstance(item, str) else item if _is_pair(item) else (None, 0.0)
            if name is None:
                raise OptionError('a style is a name, or a name and a weight, as in ["glass", 0.5]')
            found.append((self._permitted(name), float(weight)))
        return found

    def _permitted(self, name: str) -> str:
        """A request reads no file of this machine but those that the user named."""
        if self._numbered:
            known = name in self._circle()
        else:
            imagined = Imagined.parse(name)
            known = name in self._given or name in builtin_styles() or bool(imagined and not imagined.file)
        if not known:
            raise StyleError(f"no style {name[:80]}; there are {', '.join(self._circle())}")
        return name

    def _snapshot(self) -> None:
        picture = self.picture()
        if picture is None:
            return
        path = Path(time.strftime("vidstyle-%Y%m%d-%H%M%S.png"))
        try:
            _, data = cv2.imencode(".png", picture[..., ::-1])
            with StagedFile(path, overwrite=True) as staged:
                staged.path.write_bytes(data.tobytes())
            self._note(f"snapshot: {path}")
        except VidstyleError as error:
            self._note(str(error))


def jpeg(picture: np.ndarray) -> bytes:
    """(H, W, 3) uint8 as a JPEG."""
    return cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()


def _is_pair(item: Any) -> bool:
    return (
        isinstance(item, list)
        and len(item) == 2
        and isinstance(item[0], str)
        and isinstance(item[1], (int, float))
        and not isinstance(item[1], bool)
    )
