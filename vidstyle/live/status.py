"""How a session is doing."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import torch

from .session import Session

__all__ = ["Status"]


class Status:
    """Reads a session's figures; rates and loads are of the time since the last reading."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._began = time.monotonic()
        self._read_at, self._cpu = self._began, _cpu_seconds()
        self._load = 0.0

    def __call__(self) -> dict[str, Any]:
        """Numbers and names alone, for JSON; latencies in milliseconds, from a picture's arrival to its sink."""
        session, painter = self._session, self._session.painter
        now, cpu = time.monotonic(), _cpu_seconds()
        if now - self._read_at > 0.2:
            self._load = (cpu - self._cpu) / (now - self._read_at) / (os.cpu_count() or 1)
            self._read_at, self._cpu = now, cpu
        coming, painting = session.rates()
        sinks = [
            {
                "name": outlet.name,
                "up": outlet.up,
                "shown": outlet.shown,
                "dropped": outlet.dropped,
                "unheard": outlet.unheard,
                "latency_ms": _milliseconds(outlet.latency()),
                "failed": outlet.failed,
            }
            for outlet in session.outlets
        ]
        return {
            "seconds": round(now - self._began, 2),
            "fps_in": round(coming, 2),
            "fps_out": round(painting, 2),
            "size": list(session.shape.size),
            "painted_at": list(painter.size or ()),
            "latency_ms": next((sink["latency_ms"] for sink in sinks if sink["latency_ms"]), None),
            "came": session.feed.came,
            "dropped": session.feed.dropped,
            "painted": painter.painted,
            "repeated": painter.repeated,
            "passed": painter.passed,
            "source_up": session.feed.up,
            "reconnects": session.feed.reconnects,
            "shown_again": session.repeats,
            "sinks": sinks,
            "cpu": round(self._load, 3),
            "gpu": _gpu_load(painter.stylizer.device),
            "look": asdict(painter.controls.look),
        }


def _milliseconds(latency: tuple[float, float] | None) -> dict[str, float] | None:
    return latency and {"p50": round(1000 * latency[0], 1), "p95": round(1000 * latency[1], 1)}


def _cpu_seconds() -> float:
    used = os.times()
    return used.user + used.system


def _gpu_load(device: torch.device) -> float | None:
    """0 to 1; None where nobody knows."""
    if device.type == "cuda":
        with suppress(Exception):  # it needs pynvml
            return torch.cuda.utilization(device) / 100
    return None
