"""What a client sets: how its frames are painted."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["Settings", "changed"]

SWITCH = {"0": False, "1": True}


@dataclass(frozen=True)
class Settings:
    """style: as the client wrote it; empty for none. strength: 0 to 1. temporal: off or fast."""

    style: str = ""
    strength: float = 1.0
    temporal: str = "fast"
    keep_color: bool = False


def changed(settings: Settings, body: bytes) -> tuple[Settings, list[str]]:
    """The settings after a SET, and a line for everything in it that cannot be done, which changes nothing."""
    notes = []
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return settings, ["the parameters are not UTF-8 and were left as they were"]
    for line in text.split("\n"):
        key, equals, value = line.strip("\r\0").partition("=")
        if not key and not equals:
            continue
        if key == "style":
            settings = replace(settings, style=value)
        elif key == "strength":
            strength = _number(value)
            if strength is None:
                notes.append(f"strength {value[:40]} is no number from 0 to 1")
            else:
                settings = replace(settings, strength=strength)
        elif key == "temporal":
            if value in ("off", "fast"):
                settings = replace(settings, temporal=value)
            elif value == "best":
                settings = replace(settings, temporal="fast")
                notes.append("temporal best looks ahead, which a live filter cannot; fast is taken")
            else:
                notes.append(f"no temporal level is called {value[:40]}; choose off or fast")
        elif key == "keep-color":
            if value in SWITCH:
                settings = replace(settings, keep_color=SWITCH[value])
            else:
                notes.append(f"keep-color {value[:40]} is neither 0 nor 1")
        else:
            notes.append(f"the engine knows no parameter {key[:40]}")
    return settings, notes


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None
