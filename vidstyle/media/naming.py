"""What a result is called where nobody says."""

from __future__ import annotations

from pathlib import Path

from vidstyle.media.formats import STILLS, is_clip
from vidstyle.media.source import Source

__all__ = ["default_output"]


def default_output(source: Source, suffix: str) -> Path:
    """A name beside the input: clip_SUFFIX.mp4, photo_SUFFIX.jpg, folder_SUFFIX/.

    An ending that cannot be written becomes .mkv, which holds most, or .png.
    """
    path = Path(source.info.path).absolute()
    if source.info.still:
        ending = path.suffix if path.suffix.lower() in STILLS else ".png"
    elif path.is_dir():
        ending = ""
    elif "%" in path.name:
        return path.parent.with_name(f"{path.parent.name}_{suffix}") / path.name
    else:
        ending = path.suffix if is_clip(path) else ".mkv"
    name = path.name if path.is_dir() else path.stem
    return path.with_name(f"{name}_{suffix}{ending}")
