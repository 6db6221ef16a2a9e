"""The exception tree.

    VidstyleError                 anything the user can put right; one line, exit code 2
    ├── InputError                a clip, still or folder that cannot be read
    ├── OutputError               a result that cannot be written
    ├── StyleError                a style image or style argument that cannot be used
    ├── ModelError                a checkpoint that is missing, broken or of no known architecture
    ├── OptionError               an option, or a pair of options, that makes no sense
    ├── DeviceError               a device that is not there
    │   └── OutOfMemory           a frame that does not fit the device even in tiles
    └── MissingExtra              an optional package that is not installed

Every message is one line and says what to do. Anything else that escapes is a bug.
"""

from __future__ import annotations

__all__ = [
    "DeviceError",
    "InputError",
    "MissingExtra",
    "ModelError",
    "OptionError",
    "OutOfMemory",
    "OutputError",
    "StyleError",
    "VidstyleError",
]


class VidstyleError(Exception):
    """Base of every error that a user can put right."""


class InputError(VidstyleError):
    """A clip, still or folder that cannot be read."""


class OutputError(VidstyleError):
    """A result that cannot be written."""


class StyleError(VidstyleError):
    """A style image or style argument that cannot be used."""


class ModelError(VidstyleError):
    """A checkpoint that is missing, broken or of no known architecture."""


class OptionError(VidstyleError):
    """An option, or a pair of options, that makes no sense."""


class DeviceError(VidstyleError):
    """A device that is not there."""


class OutOfMemory(DeviceError):
    """A frame that does not fit the device even in tiles."""


class MissingExtra(VidstyleError):
    """An optional package that is not installed.

    `package` is what could not be imported, `extra` the name in `pip install 'vidstyle[extra]'`.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed; run: pip install 'vidstyle[{extra}]'")
        self.package = package
        self.extra = extra
