"""Render every style image.

Run: python samples/styles/render.py [name ...], for example "python samples/styles/render.py waves glass"
"""

from __future__ import annotations

import importlib
import sys
import time

STYLES = {
    "brushwork": "flow_brushes",
    "waves": "woodblock_waves",
    "glass": "stained_glass",
    "dots": "pointillism",
    "ink": "ink_wash",
    "mosaic": "mosaic",
    "linocut": "linocut",
    "pastel": "pastel_hatching",
    "neon": "neon_contours",
}


def main(names: list[str]) -> int:
    """Render the named styles, or all; 2 when a name is not known."""
    unknown = [name for name in names if name not in STYLES]
    if unknown:
        print(f"no style called {', '.join(unknown)}; there are {', '.join(STYLES)}", file=sys.stderr)
        return 2
    for name in names or STYLES:
        start = time.perf_counter()
        importlib.import_module(STYLES[name]).main()
        print(f"samples/styles/{name}.jpg: {time.perf_counter() - start:.1f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
