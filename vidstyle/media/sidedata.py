"""Facts that ride on pictures: mastering display, light levels, sphere mapping, captions.

FFmpeg's structs are read by their layout (libavutil/mastering_display_metadata.h), which is part of its stable ABI.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from av.sidedata.sidedata import SideData, SideDataContainer

__all__ = ["CAPTIONS", "ON_STREAM", "HdrLight", "hdr_light", "hdr_params", "side_data"]

CAPTIONS = "A53_CC"
ON_STREAM = {
    "SPHERICAL": "the sphere mapping",
    "STEREO3D": "the stereo layout",
    "MASTERING_DISPLAY_METADATA": "the mastering display",
    "CONTENT_LIGHT_LEVEL": "the light levels",
    "AMBIENT_VIEWING_ENVIRONMENT": "the viewing environment",
}
"""Kinds that belong to the whole stream, with words for them."""


@dataclass(frozen=True, slots=True)
class HdrLight:
    """Static HDR metadata (SMPTE ST 2086, CTA-861.3)."""

    primaries: tuple[Fraction, ...] | None
    """x and y of red, green, blue and white."""
    luminance: tuple[Fraction, Fraction] | None
    """Darkest and brightest, cd/m²."""
    levels: tuple[int, int] | None
    """Brightest pixel and brightest frame average, cd/m²."""


def side_data(frame: av.VideoFrame, codec: str) -> dict[str, SideData]:
    """A picture's side data by name; empty where it has kinds that PyAV does not know.

    Not of PNG ("image" may be one), whose colour profiles have names: PyAV 18 frees such names twice.
    """
    if codec in ("png", "apng", "image"):
        return {}
    try:
        # Not frame.side_data: that ties frame and container into a knot, and pictures pile up until Python unties it.
        everything: Any = SideDataContainer(frame)  # type: ignore[call-arg]
        return {data.type.name: data for data in everything}
    except ValueError:
        return {}


def hdr_light(frame: av.VideoFrame, codec: str) -> HdrLight | None:
    """The static HDR metadata of a picture, or None."""
    found = side_data(frame, codec)
    primaries = luminance = levels = None
    if "MASTERING_DISPLAY_METADATA" in found:
        values = struct.unpack("=22i", bytes(found["MASTERING_DISPLAY_METADATA"])[:88])
        ratios = [Fraction(n, d or 1) for n, d in zip(values[0:20:2], values[1:20:2], strict=True)]
        primaries = tuple(ratios[:8]) if values[20] else None
        luminance = (ratios[8], ratios[9]) if values[21] else None
    if "CONTENT_LIGHT_LEVEL" in found:
        levels = struct.unpack("=2I", bytes(found["CONTENT_LIGHT_LEVEL"])[:8])
    if primaries or luminance or levels:
        return HdrLight(primaries, luminance, levels)
    return None


def hdr_params(codec: str, light: HdrLight | None) -> dict[str, str]:
    """Options by which x264, x265 and SVT-AV1 write the metadata into their streams."""
    key = {"libx264": "x264-params", "libx265": "x265-params", "libsvtav1": "svtav1-params"}.get(codec)
    if light is None or key is None:
        return {}
    exact = codec != "libsvtav1"  # SVT-AV1 takes decimals, the others counts of 0.00002 and 0.0001
    parts = []
    if light.primaries is not None and light.luminance is not None:
        r, g, b, white = ([_count(v, 50000, exact) for v in light.primaries[i : i + 2]] for i in (0, 2, 4, 6))
        points = "".join(f"{n}({x},{y})" for n, (x, y) in zip(("G", "B", "R", "WP"), (g, b, r, white), strict=True))
        low, high = (_count(v, 10000, exact) for v in light.luminance)
        name = "master-display" if codec == "libx265" else "mastering-display"
        parts.append(f"{name}={points}L({high},{low})")
    if light.levels is not None:
        name = {"libx265": "max-cll", "libx264": "cll", "libsvtav1": "content-light"}[codec]
        parts.append(f"{name}={light.levels[0]},{light.levels[1]}")
    return {key: ":".join(parts)} if parts else {}


def _count(value: Fraction, unit: int, exact: bool) -> str:
    return str(round(value * unit)) if exact else f"{float(value):.5f}"
