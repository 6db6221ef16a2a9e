"""What a photo carries beside its pixels: colour profile, camera data, XMP. Read by Pillow, written into JPEG and PNG.

FFmpeg's encoders write none of it, and Pillow cannot write deep pictures, so the finished file gets its tags here.
Sources: ICC.1:2022, annex B.4; Exif 2.32, section 4.7; XMP specification part 3; PNG (third edition), section 11.
"""

from __future__ import annotations

import re
import struct
import warnings
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

__all__ = ["PhotoTags", "read_tags", "tagged"]

ORIENTATION = 0x0112
EXIF_MARK = b"Exif\0\0"
PROFILE_MARK = b"ICC_PROFILE\0"
XMP_MARK = b"http://ns.adobe.com/xap/1.0/\0"
SEGMENT = 65533
"""Bytes that a JPEG segment can hold."""


@dataclass(frozen=True, slots=True)
class PhotoTags:
    """A photo's tags, empty where it has none; the camera data and XMP say that the picture is upright."""

    profile: bytes = b""
    exif: bytes = b""
    xmp: bytes = b""

    def __str__(self) -> str:
        names = {"colour profile": self.profile, "camera data (EXIF)": self.exif, "XMP": self.xmp}
        return ", ".join(name for name, value in names.items() if value)


def read_tags(path: Path) -> PhotoTags:
    """The tags of a picture file; none where it cannot be read."""
    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("ignore")
            profile = image.info.get("icc_profile") or b""
            xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
            exif = b"" if image.format == "TIFF" else _upright(image.getexif())  # in TIFF, the layout of the file
    except Exception:  # whatever a broken header does to Pillow, the picture itself may be fine
        return PhotoTags()
    xmp = xmp.encode() if isinstance(xmp, str) else xmp
    return PhotoTags(profile, exif, re.sub(rb'(tiff:Orientation(?:="|>))\d', rb"\g<1>1", xmp))


def _upright(exif: Image.Exif) -> bytes:
    if not exif:
        return b""
    if ORIENTATION in exif:
        exif[ORIENTATION] = 1
    return exif.tobytes().removeprefix(EXIF_MARK)


def tagged(picture: bytes, tags: PhotoTags) -> tuple[bytes, PhotoTags]:
    """A picture file with the tags put in, and those that it cannot hold."""
    rgb = tags.profile[16:20] == b"RGB "  # the painting is RGB; a profile for gray or CMYK would spoil it
    fitting, lost = (tags, PhotoTags()) if rgb else (replace(tags, profile=b""), PhotoTags(profile=tags.profile))
    if picture.startswith(b"\xff\xd8"):
        return _tagged_jpeg(picture, fitting, lost)
    if picture.startswith(b"\x89PNG\r\n\x1a\n"):
        return _tagged_png(picture, fitting), lost
    return picture, tags


def _tagged_jpeg(picture: bytes, tags: PhotoTags, lost: PhotoTags) -> tuple[bytes, PhotoTags]:
    segments = []
    if len(tags.exif) <= SEGMENT - len(EXIF_MARK):
        segments += [(0xE1, EXIF_MARK + tags.exif)] if tags.exif else []
    else:
        lost = replace(lost, exif=tags.exif)
    if len(tags.xmp) <= SEGMENT - len(XMP_MARK):
        segments += [(0xE1, XMP_MARK + tags.xmp)] if tags.xmp else []
    else:
        lost = replace(lost, xmp=tags.xmp)
    room = SEGMENT - len(PROFILE_MARK) - 2
    parts = [tags.profile[at : at + room] for at in range(0, len(tags.profile), room)]
    if len(parts) <= 255:
        count = len(parts)
        segments += [(0xE2, PROFILE_MARK + bytes([n, count]) + part) for n, part in enumerate(parts, 1)]
    else:
        lost = replace(lost, profile=tags.profile)
    at = 2
    if picture[2:4] == b"\xff\xe0":  # JFIF's own segment stays the first
        at = 4 + struct.unpack(">H", picture[4:6])[0]
    written = b"".join(struct.pack(">BBH", 0xFF, kind, len(payload) + 2) + payload for kind, payload in segments)
    return picture[:at] + written + picture[at:], lost


def _tagged_png(picture: bytes, tags: PhotoTags) -> bytes:
    head_end = 8 + 25  # signature and IHDR
    chunks = []
    if tags.profile:
        chunks.append((b"iCCP", b"ICC profile\0\0" + zlib.compress(tags.profile)))
    if tags.exif:
        chunks.append((b"eXIf", tags.exif))
    if tags.xmp:
        chunks.append((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + tags.xmp))
    written = b"".join(
        struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))
        for kind, payload in chunks
    )
    rest = picture[head_end:]
    return picture[:head_end] + written + (_without(rest, b"sRGB") if tags.profile else rest)


def _without(chunks: bytes, kind: bytes) -> bytes:
    """PNG chunks less those of one kind: a profile and the promise of sRGB exclude each other."""
    kept, at = [], 0
    while at + 8 <= len(chunks):
        end = at + 12 + struct.unpack(">I", chunks[at : at + 4])[0]
        if chunks[at + 4 : at + 8] != kind:
            kept.append(chunks[at:end])
        at = end
    return b"".join(kept)
