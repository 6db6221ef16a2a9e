"""ffmpeg's arguments, with the frei0r plugin in its filter chain.

ffmpeg 5.1 hands a frei0r plugin rows of a multiple of 16 pixels whatever width it names, and converts colours back with
a matrix of its own choice. So the chain around the plugin has to know what it gets: ffmpeg is asked for a frame first.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from av import VideoFormat

from vidstyle.errors import InputError, OptionError

__all__ = ["Frames", "Wrapped", "chain", "find_plugin", "look", "split"]

ROW = 16
"""Pixels that a row is a multiple of."""
PLUGIN = "vidstyle.so"
BUILT = Path(__file__).parents[2] / "plugins" / "build" / "frei0r"
FILTERS = ("-vf", "-filter:v", "-filter:v:0")
GRAPHS = ("-filter_complex", "-lavfi", "-filter_complex_script", "-filter_script:v", "-/filter_complex", "-/vf")
LOOK_SECONDS = 60
SCALER = "flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
MATRICES = {"bt470bg": "bt470", "bt2020nc": "bt2020", "bt2020c": "bt2020"}
"""Matrices that ffmpeg's scaler calls otherwise than its frames do."""


@dataclass(frozen=True)
class Frames:
    """What the chain gets, in ffmpeg's names; "unknown" where there is no tag."""

    width: int
    height: int
    pixels: str
    range: str = "unknown"
    matrix: str = "unknown"
    primaries: str = "unknown"
    transfer: str = "unknown"


@dataclass(frozen=True)
class Wrapped:
    """A user's arguments, taken apart: the inputs, the filters before and behind the painting, and the outputs."""

    inputs: tuple[str, ...]
    before: str
    behind: str
    outputs: tuple[str, ...]

    def arguments(self, painting: str) -> list[str]:
        """The whole, with a filter chain that paints."""
        filters = ",".join(part for part in (self.before, painting, self.behind) if part)
        return [*self.inputs, "-vf", filters, *self.outputs]


def split(arguments: Sequence[str]) -> Wrapped:
    """Take ffmpeg's arguments apart. The painting comes where `vidstyle` stands in -vf, otherwise behind all of it."""
    inputs = [i for i, argument in enumerate(arguments) if argument == "-i"]
    if not inputs or inputs[-1] + 2 >= len(arguments):
        raise OptionError("ffmpeg needs an input and an output: vidstyle ffmpeg --style waves -- -i in.mp4 out.mp4")
    end = inputs[-1] + 2
    rest = list(arguments[end:])
    for argument in arguments:
        if argument in GRAPHS:
            raise OptionError(f"{argument} is not merged; use -vf, or write frei0r=vidstyle into it (docs/plugins.md)")
    places = [i for i, argument in enumerate(rest) if argument in FILTERS]
    if len(places) > 1:
        raise OptionError("more than one -vf; give one, for one output")
    filters = ""
    if places:
        filters = rest[places[0] + 1] if places[0] + 1 < len(rest) else ""
        del rest[places[0] : places[0] + 2]
    for name in (arguments[i + 1] for i in inputs):
        if name == "-" or name.startswith("pipe:"):
            raise OptionError("ffmpeg's input is a pipe, which can be read only once; use vidstyle pipe")
    marked = re.fullmatch(r"(?:(.*?),)?vidstyle(?:,(.*))?", filters, re.DOTALL)
    before, behind = (marked[1] or "", marked[2] or "") if marked else (filters, "")
    return Wrapped(tuple(arguments[:end]), before, behind, tuple(rest))


def look(ffmpeg: str, wrapped: Wrapped) -> Frames:
    """Ask ffmpeg for the first frame that the painting would get. InputError where there is none."""
    outputs = wrapped.outputs
    maps = [
        word
        for i, at in enumerate(outputs[:-1])
        if at == "-map" and ":a" not in outputs[i + 1]
        for word in outputs[i : i + 2]
    ]
    filters = f"{wrapped.before},showinfo" if wrapped.before else "showinfo"
    end = ["-vf", filters, "-frames:v", "1", "-an", "-sn", "-dn", "-loglevel", "info", "-f", "null", "-"]
    command = [ffmpeg, "-hide_banner", "-nostdin", *wrapped.inputs, *maps, *end]
    try:
        run = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=LOOK_SECONDS)
    except subprocess.TimeoutExpired:
        raise InputError(f"ffmpeg gave no frame in {LOOK_SECONDS} seconds") from None
    frame = re.search(r"n: *0 .*fmt:(\w+) .*\bs:(\d+)x(\d+)", run.stderr)
    if not frame:
        said = [line for line in run.stderr.splitlines() if line.strip()]
        raise InputError(f"ffmpeg: {said[-1] if said else 'no frame came'}")
    tags = re.search(r"color_range:(\w+) color_space:(\w+) color_primaries:(\w+) color_trc:([\w-]+)", run.stderr)
    return Frames(int(frame[2]), int(frame[3]), frame[1], *(tags.groups() if tags else ()))


def chain(frames: Frames, style: str, strength: float, temporal: str, keep_color: bool, socket: Path) -> str:
    """Filters that paint such frames, and give them back as they were: size, pixel format, colour tags."""
    wide = -(-frames.width // ROW) * ROW
    columns = frames.width if wide != frames.width else 0
    parameters = (style, f"{strength:.4f}", temporal, "y" if keep_color else "n", "0", str(socket), "", str(columns))
    plugin = _escaped("|".join(_escaped(text, "'|") for text in parameters), "':")
    filters = [f"frei0r=filter_name=vidstyle:filter_params={plugin}"]
    if columns:
        filters = [f"pad={wide}:{frames.height}", *filters, f"crop={frames.width}:{frames.height}:0:0"]
    filters = ["format=rgba", *filters]
    if not _is_rgb(frames.pixels):
        matrix = MATRICES.get(frames.matrix, frames.matrix)
        if matrix in ("unknown", "reserved", "gbr"):
            matrix = "bt709" if frames.height >= 720 else "smpte170m"
        known = "" if frames.range == "unknown" else frames.range
        into = f"scale=in_color_matrix={matrix}{known and f':in_range={known}'}:{SCALER}"
        back = f"scale=out_color_matrix={matrix}{known and f':out_range={known}'}:{SCALER}"
        filters = [into, *filters, back]
    tags = {
        "range": frames.range,
        "color_primaries": frames.primaries,
        "color_trc": frames.transfer,
        "colorspace": frames.matrix,
    }
    tagged = ":".join(f"{name}={value}" for name, value in tags.items() if value not in ("unknown", "reserved"))
    filters += [f"format={frames.pixels}", *([f"setparams={tagged}"] if tagged else [])]
    return ",".join(re.sub(r"([\\'\[\],;])", r"\\\1", text) for text in filters)


def _escaped(text: str, special: str) -> str:
    """For ffmpeg's reader of options, to which these characters mean something."""
    return re.sub(f"([{re.escape(special)}\\\\])", r"\\\1", text)


def _is_rgb(pixels: str) -> bool:
    try:
        return VideoFormat(pixels).is_rgb
    except ValueError:
        return False


def find_plugin() -> Path:
    """The folder of vidstyle.so: in $FREI0R_PATH, the user's frei0r folder, or where `make` builds it."""
    named = [Path(folder) for folder in os.environ.get("FREI0R_PATH", "").split(":") if folder]
    for folder in (*named, Path.home() / ".frei0r-1" / "lib", BUILT):
        if (folder / PLUGIN).is_file():
            return folder
    raise OptionError(f"{PLUGIN} is not there; run: vidstyle plugins install frei0r")
