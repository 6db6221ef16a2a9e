"""The process that decodes a style picture, under limits: `python -m vidstyle.web.picture FROM TO`."""

from __future__ import annotations

import sys
from pathlib import Path

from vidstyle.errors import StyleError

from .worker import be_nice, limit

MEMORY, FILE = 2 << 30, 1 << 26
SIDE = 1024
"""Pixels of the longer side that are kept: more than any model looks at."""


def main() -> None:
    """A small PNG; what is wrong goes to stdout, with exit code 2."""
    from PIL import Image

    from vidstyle.pictures import load_image

    be_nice()
    limit(MEMORY, FILE)
    sent, kept = map(Path, sys.argv[1:])
    try:
        picture = Image.fromarray(load_image(sent, enough=SIDE))
    except StyleError as error:
        print(error)
        sys.exit(2)
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    picture.save(kept)


if __name__ == "__main__":
    main()
