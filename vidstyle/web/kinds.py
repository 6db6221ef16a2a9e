"""Kinds of files that are taken and given: by their endings, which are the only part of a name that is kept on disk."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

__all__ = ["PICTURES", "ending_of", "media_type", "shown_name"]

TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".qt": "video/quicktime",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".avi": "video/x-msvideo",
    ".flv": "video/x-flv",
    ".mxf": "application/mxf",
    ".nut": "application/octet-stream",
    ".ts": "video/mp2t",
    ".mts": "video/mp2t",
    ".m2ts": "video/mp2t",
    ".mpg": "video/mpeg",
    ".mpeg": "video/mpeg",
    ".vob": "video/mpeg",
    ".wmv": "video/x-ms-wmv",
    ".asf": "video/x-ms-asf",
    ".3gp": "video/3gpp",
    ".3g2": "video/3gpp2",
    ".ogv": "video/ogg",
    ".ogg": "video/ogg",
    ".y4m": "application/octet-stream",
    ".ivf": "application/octet-stream",
    ".gif": "image/gif",
    ".apng": "image/apng",
    ".webp": "image/webp",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".bmp": "image/bmp",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".ppm": "image/x-portable-pixmap",
    ".pgm": "image/x-portable-graymap",
    ".jp2": "image/jp2",
    ".exr": "image/x-exr",
    ".dpx": "image/x-dpx",
}
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"})
"""Endings of style pictures."""
LONGEST_NAME = 120


def ending_of(name: str) -> str:
    """The ending of a file's name if it is a known one, else nothing; names may lie."""
    ending = PurePosixPath(name.lower()).suffix
    return next((known for known in TYPES if known == ending), "")


def media_type(ending: str) -> str:
    """What a file with such an ending is called in HTTP."""
    return TYPES.get(ending, "application/octet-stream")


def shown_name(name: str) -> str:
    """A file's name as people are shown it: without folders and characters that do not print, and not too long."""
    base = PureWindowsPath(name).name  # takes both kinds of slashes
    text = "".join(c for c in base if c.isprintable()).strip()
    stem, ending = PurePosixPath(text).stem, PurePosixPath(text).suffix[:12]
    return (stem[: LONGEST_NAME - len(ending)] + ending) or "unnamed"
