"""What this machine's FFmpeg can do."""

from __future__ import annotations

from fractions import Fraction

import av

__all__ = ["encoder_works"]


def encoder_works(name: str) -> bool:
    """Whether the encoder of that FFmpeg name is there and opens; hardware encoders need their hardware."""
    try:
        context = av.CodecContext.create(name, "w")
        formats = [f.name for f in context.codec.video_formats or []]
        context.width, context.height = 256, 256
        context.pix_fmt = next(
            (f for f in ("yuv420p", "yuv422p", "nv12") if f in formats), formats[0] if formats else "rgb24"
        )
        context.time_base = Fraction(1, 25)
        if name == "dnxhd":
            context.options = {"profile": "dnxhr_hq"}
        for option in ("x264-params", "x265-params"):
            if name == f"lib{option.split('-')[0]}":
                context.options = {option: "log-level=none"}
        context.open()
    except (ValueError, av.FFmpegError, MemoryError):
        return False
    return True
