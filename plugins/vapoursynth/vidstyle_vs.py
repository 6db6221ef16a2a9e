"""Style transfer for VapourSynth: `clip = vidstyle_vs.stylize(clip, style="waves")`.

Frames are painted by vidstyle's engine, a process of its own (`vidstyle serve-frames`). Without one they stay as they
are, which VapourSynth's log says once. The frame property VidstylePainted is 1 on every painting, else 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike, fspath
from pathlib import Path

import vapoursynth as vs

__all__ = ["stylize"]

PLUGIN = Path(__file__).with_name("libvidstyle_vs.so")
DIRECT = (vs.RGB24, vs.YUV420P8)
UNSPECIFIED = 2


def stylize(
    clip: vs.VideoNode,
    style: str | PathLike[str] | Sequence[str | PathLike[str]],
    strength: float = 1.0,
    temporal: str = "fast",
    keep_color: bool = False,
    *,
    lead: int = 24,
    socket: str | PathLike[str] = "",
    start: bool = False,
) -> vs.VideoNode:
    """Paint a clip in a style -> a clip of the same format, size and tags.

    style: a built-in style's name or a picture's path; several, each as "a.jpg:0.7", are mixed. strength: 0 to 1.
    temporal: "off", or "fast" for paintings that are carried along the motion. keep_color: the clip's colors stay.
    lead: after a seek, painting begins so many frames earlier; what is read from its start is painted as a whole.
    socket: the engine's, where it is not the user's own. start: start an engine where none runs.

    RGB24 and YUV420P8 go to the engine as they are; other formats are converted to RGB24 and back, and so have 8 bits.
    vs.Error for what cannot be.
    """
    if clip.format is None or not clip.width:
        raise vs.Error("vidstyle: the clip changes its format or size; give it one with resize first")
    styles = [style] if isinstance(style, (str, PathLike)) else style
    options = {
        "style": "\t".join(fspath(part) for part in styles),
        "strength": strength,
        "temporal": temporal,
        "keep_color": keep_color,
        "lead": lead,
        "socket": fspath(socket),
        "start": start,
    }
    paint = plugin().Stylize
    if clip.format.id in DIRECT:
        return paint(clip, **options)
    vs.core.log_message(
        vs.MESSAGE_TYPE_WARNING, f"vidstyle: {clip.format.name} is painted as RGB24, with 8 bits, and converted back"
    )
    into, out = readings(clip)
    painted = paint(vs.core.resize.Bicubic(clip, format=vs.RGB24, **into), **options)
    back = vs.core.resize.Bicubic(painted, format=clip.format.id, **out)
    back = vs.core.std.CopyFrameProps(back, clip).std.SetFrameProps(VidstylePainted=1)
    untouched = clip.std.SetFrameProps(VidstylePainted=0)
    return vs.core.std.FrameEval(clip, lambda n, f: back if f.props["VidstylePainted"] else untouched, prop_src=painted)


def plugin() -> vs.Plugin:
    """The C plugin, which VapourSynth may have loaded by itself."""
    if not hasattr(vs.core, "vidstyle"):
        if not PLUGIN.exists():
            raise vs.Error(f"vidstyle: {PLUGIN} is missing; run: vidstyle plugins install")
        vs.core.std.LoadPlugin(str(PLUGIN))
    return vs.core.vidstyle


def readings(clip: vs.VideoNode) -> tuple[dict[str, int | str], dict[str, int | str]]:
    """What resize has to be told to make RGB of the clip, and of RGB its format again, by the tags of its first frame.

    Where there is no matrix it is BT.601 under 720 lines and BT.709 from there on.
    """
    if clip.format.color_family == vs.RGB:
        return {}, {}
    with clip.get_frame(0) as frame:
        tags = dict(frame.props)
    matrix = int(tags.get("_Matrix", UNSPECIFIED))
    if matrix in (vs.MATRIX_RGB, UNSPECIFIED):
        matrix = 5 if clip.height < 720 else 1
    full = tags["_Range"] == 1 if "_Range" in tags else tags.get("_ColorRange", 1) == 0
    values = "full" if full else "limited"
    return {"matrix_in": matrix, "range_in_s": values}, {"matrix": matrix, "range_s": values}
