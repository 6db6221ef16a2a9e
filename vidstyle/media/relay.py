"""A connection to a network, held by a process of its own."""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from vidstyle.child import start_child

__all__ = ["Relay"]

CHILD, WHIP = (Path(__file__).with_name(name) for name in ("relay_child.py", "whip_child.py"))


class Relay:
    """Hands NUT that is written to it on to `url`. It ends by itself when the network takes nothing for `patience`
    seconds; OSError for whoever writes then. format: of FFmpeg's, or `whip`."""

    def __init__(self, url: str, format: str, options: Mapping[str, str], patience: float) -> None:
        # Addresses hold keys.
        order = json.dumps([url, format, dict(options), patience])
        self.patience = patience
        self._said = tempfile.TemporaryFile()  # noqa: SIM115
        # It ends when we close its input.
        self._child = start_child(WHIP if format == "whip" else CHILD, self._said, {"VIDSTYLE_RELAY": order})
        self.ready = False
        """Whether it is connected."""
        self.asked = False
        """Whether the other side has asked for a key frame; whoever gives one takes it back."""
        threading.Thread(target=self._listen, name="relay", daemon=True).start()

    def write(self, data: bytes | memoryview) -> int:
        assert self._child.stdin is not None
        self._child.stdin.write(data)
        self._child.stdin.flush()
        return len(data)

    def _listen(self) -> None:
        assert self._child.stdout is not None
        self.ready = bool(self._child.stdout.readline())
        for _ in self._child.stdout:
            self.asked = True

    def finish(self) -> bool:
        """Nothing more will be written. Whether it did not end well."""
        assert self._child.stdin is not None
        with suppress(OSError):
            self._child.stdin.close()
        return self._ended() != 0

    def why(self) -> str:
        """What it said last."""
        self._ended()
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"it took nothing for {self.patience:g} seconds"

    def kill(self) -> None:
        self._child.kill()
        self._child.wait()
        with suppress(OSError):
            assert self._child.stdin is not None
            self._child.stdin.close()

    def _ended(self) -> int:
        try:
            return self._child.wait(self.patience + 1)
        except subprocess.TimeoutExpired:
            self.kill()
            return -1
