"""Video style transfer: stylizes the picture, keeps everything else of the clip.

>>> import vidstyle
>>> vidstyle.stylize("in.mp4", style="monet.jpg", output="out.mp4", on_progress=print)
"""

from typing import TYPE_CHECKING, Any

from .errors import (
    DeviceError,
    InputError,
    MissingExtra,
    ModelError,
    OptionError,
    OutOfMemory,
    OutputError,
    StyleError,
    VidstyleError,
)

if TYPE_CHECKING:
    from .pipeline import Progress, Result, stylize
    from .stylizers import Gatys, GatysOptions, KeyframeOptions, Keyframes, Painter, Passes, StyleCode, Stylizer
    from .temporal import ClipMemory

__version__ = "0.1.0"
__all__ = [
    "ClipMemory",
    "DeviceError",
    "Gatys",
    "GatysOptions",
    "InputError",
    "KeyframeOptions",
    "Keyframes",
    "MissingExtra",
    "ModelError",
    "OptionError",
    "OutOfMemory",
    "OutputError",
    "Painter",
    "Passes",
    "Progress",
    "Result",
    "StyleCode",
    "StyleError",
    "Stylizer",
    "VidstyleError",
    "__version__",
    "stylize",
]

LATER = {
    "ClipMemory": "temporal",
    "Gatys": "stylizers",
    "GatysOptions": "stylizers",
    "KeyframeOptions": "stylizers",
    "Keyframes": "stylizers",
    "Passes": "stylizers",
    "Painter": "stylizers",
    "Progress": "pipeline",
    "Result": "pipeline",
    "StyleCode": "stylizers",
    "Stylizer": "stylizers",
    "stylize": "pipeline",
}


def __getattr__(name: str) -> Any:
    # PyTorch takes seconds to import; `vidstyle --help` should not.
    if name not in LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{LATER[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
