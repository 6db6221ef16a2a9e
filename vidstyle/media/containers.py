"""Opening files that strangers made: nothing but the one file is ever read."""

from __future__ import annotations

import functools
import io
import re
import stat
from pathlib import Path

import av
import av.codec.hwaccel
from av.container import InputContainer

from vidstyle.errors import InputError
from vidstyle.frames import MAX_PIXELS
from vidstyle.media.notes import Note
from vidstyle.near import meant_file

__all__ = ["TooLarge", "beyond", "check_file", "check_pixels", "open_container", "open_picture", "reason"]

ADDRESS = re.compile(r"[a-z]{2,}:/")

# Demuxers that read other files, networks or devices on behalf of the file they are given.
FORBIDDEN = frozenset(
    [
        "hls",
        "dash",
        "concat",
        "sdp",
        "rtsp",
        "rtp",
        "sap",
        "image2",
        "image2pipe",
        "lavfi",
        "tty",
        "imf",
        "vapoursynth",
        "avisynth",
        "webm_dash_manifest",
        "libgme",
        "x11grab",
        "fbdev",
        "alsa",
        "oss",
        "pulse",
        "jack",
        "kmsgrab",
        "iec61883",
        "xcbgrab",
        "openal",
        "sndio",
        "dv1394",
    ]
)


class TooLarge(InputError):
    """A picture of more pixels than the limit allows."""


@functools.cache
def _allowed_formats() -> str:
    names = {name for formats in av.formats_available for name in formats.split(",")}
    return ",".join(sorted(names - FORBIDDEN))


def open_container(
    path: Path, *, max_pixels: int = MAX_PIXELS, hwaccel: str | None = None, note: Note = lambda _: None
) -> InputContainer:
    """Open a media file for reading; InputError where it is none."""
    check_file(path)
    options = _options(max_pixels)

    def attempt(accelerator: av.codec.hwaccel.HWAccel | None) -> InputContainer:
        # The "file:" prefix keeps names such as "http:x.mp4" or "a:b.mp4" files.
        name = f"file:{path}"
        return av.open(name, options=options, metadata_errors="surrogateescape", hwaccel=accelerator)

    try:
        for device in _devices(hwaccel):
            try:
                return attempt(av.codec.hwaccel.HWAccel(device_type=device, allow_software_fallback=True))
            except (av.FFmpegError, OSError, ValueError, RuntimeError):
                if hwaccel != "auto":  # nobody asked for this one
                    note(f"hardware decoding by {device} is not available; decoding in software")
        return attempt(None)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as media: {reason(error)}") from None


def open_picture(path: Path, *, max_pixels: int = MAX_PIXELS) -> InputContainer:
    """Open a picture file by what it holds, whatever it is called; InputError where it is no picture."""
    check_file(path)
    try:
        # In memory, without its name: by the ending alone FFmpeg would take it for a numbered sequence.
        data = io.BytesIO(path.read_bytes())
        return av.open(data, "r", options=_options(max_pixels), metadata_errors="surrogateescape")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as a picture: {reason(error)}") from None


def check_file(path: Path) -> None:
    """InputError for what is no file, or has nothing in it: reading a pipe or a device could wait for ever."""
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        if ADDRESS.match(str(path)):
            raise InputError(f"{path} is an address; download it, then give the file") from None
        if isinstance(error, (FileNotFoundError, NotADirectoryError)):
            close = meant_file(path)
            hint = f"did you mean {close}?" if close else "check the name"
            raise InputError(f"{path} does not exist; {hint}") from None
        raise InputError(f"{path} cannot be read: {reason(error)}") from None
    if stat.S_ISDIR(found.st_mode):
        raise InputError(f"{path} is a folder, not a media file")
    if not stat.S_ISREG(found.st_mode):
        raise InputError(f"{path} is a pipe or a device; save what it gives to a file first")
    if not found.st_size:
        raise InputError(f"{path} is empty; fetch or export it again")


def _options(max_pixels: int) -> dict[str, str]:
    return {
        "protocol_whitelist": "file",
        "format_whitelist": _allowed_formats(),
        # FFmpeg decodes to find out sizes; under a limit lower than they are it would report none at all.
        "max_pixels": str(min(max(max_pixels, MAX_PIXELS), 2**31 - 1)),
        "max_streams": "100",
        "fflags": "-genpts",  # PyAV asks FFmpeg to guess missing times; for AVI the guesses are out of order
    }


def _devices(hwaccel: str | None) -> list[str]:
    if hwaccel in (None, "none"):
        return []
    return list(av.codec.hwaccel.hwdevices_available()) if hwaccel == "auto" else [str(hwaccel)]


def check_pixels(path: Path | str, width: int, height: int, max_pixels: int) -> None:
    """TooLarge for pictures beyond the limit; to be called before anything is allocated for them."""
    if width * height > max_pixels:
        raise TooLarge(
            f"{path} is {width}x{height}, more than the limit of {max_pixels} pixels; raise --max-pixels to allow it"
        )


def beyond(max_pixels: int) -> str:
    """Words for what a picture without a size may be: FFmpeg does not tell a size beyond its limit from none."""
    return f"larger than the limit of {max_pixels} pixels (--max-pixels)"


def reason(error: BaseException) -> str:
    """FFmpeg's or the system's words for an error, on one line."""
    if isinstance(error, av.error.InvalidDataError):
        return "no known format, or damaged beyond reading"
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())
