"""Which encoder writes what: names, defaults by container, pixel formats, and options that are checked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType

import av
from av.codec import Codec, CodecContext
from av.codec.codec import find_best_pix_fmt_of_list
from av.video.codeccontext import VideoCodecContext
from av.video.format import VideoFormat

from vidstyle.errors import OptionError, OutputError, VidstyleError
from vidstyle.media.colour import has_alpha, pixel_depth
from vidstyle.media.ffmpeg_log import heard
from vidstyle.media.notes import Note
from vidstyle.media.source import SourceInfo
from vidstyle.near import meant

__all__ = [
    "DEFAULT_SETTINGS",
    "EncoderSettings",
    "choose_codec",
    "choose_pix_fmt",
    "counts_frames",
    "encoder_options",
    "encoder_works",
    "find_codec",
    "open_encoder",
]

FRIENDLY = {
    "h264": "libx264",
    "avc": "libx264",
    "x264": "libx264",
    "h265": "libx265",
    "hevc": "libx265",
    "x265": "libx265",
    "av1": "libsvtav1",
    "svtav1": "libsvtav1",
    "vp9": "libvpx-vp9",
    "prores": "prores_ks",
    "dnxhr": "dnxhd",
    "ffv1": "ffv1",
    "gif": "gif",
    "webp": "libwebp_anim",
    "jpg": "mjpeg",
    "jpeg": "mjpeg",
}
HARDWARE = ("_nvenc", "_qsv", "_amf", "_videotoolbox", "_vaapi", "_v4l2m2m", "_mediacodec", "_mf", "_vulkan")
SOFTWARE = {"h264": "h264 (libx264)", "hevc": "h265 (libx265)", "av1": "av1 (libsvtav1)", "vp9": "vp9 (libvpx-vp9)"}

# Quality where nobody asked for another: transparent to the eye, not lossless. Presets by which the encoder leaves the
# processor to the net: painted pictures are expensive to encode, and larger files cost less than waiting.
DEFAULTS: dict[str, dict[str, str]] = {
    "libx264": {"crf": "18", "preset": "veryfast"},
    "libx265": {"crf": "20", "preset": "fast", "x265-params": "log-level=none"},
    "libsvtav1": {"crf": "28", "preset": "8"},
    "libvpx-vp9": {"crf": "28", "b": "0", "deadline": "good", "cpu-used": "3", "row-mt": "1"},
    "prores_ks": {"vendor": "apl0"},
    "ffv1": {"level": "3", "slicecrc": "1"},
    "mjpeg": {"qmin": "1", "qmax": "2"},
    "libwebp": {"quality": "90"},
    "libwebp_anim": {"quality": "85"},
}
X26X_PRESETS = "ultrafast superfast veryfast faster fast medium slow slower veryslow placebo".split()  # noqa: SIM905
# Formats that encoders name but do not take: this build of x265 has no alpha, libvpx has it in 4:2:0 only.
UNFIT = {"libx265": ("yuva",), "libvpx-vp9": ("yuva422", "yuva444")}
EVEN_ONLY = ("libx264", "libx265", "libsvtav1")  # these refuse odd sizes in formats with shared chroma


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """How to encode; None leaves the choice to the container and the source."""

    codec: str | None = None
    """A friendly name (h264, h265, av1, vp9, prores, dnxhr, ffv1, gif, webp) or FFmpeg's (libx264, h264_nvenc)."""
    crf: float | None = None
    """Constant quality, lower is better; the encoder's own scale."""
    preset: str | None = None
    pix_fmt: str | None = None
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The encoder's private options, as FFmpeg names them."""


DEFAULT_SETTINGS = EncoderSettings()


def choose_codec(settings: EncoderSettings, container: str, info: SourceInfo) -> str:
    """FFmpeg's name of the encoder for a container's format name."""
    if settings.codec is not None:
        return FRIENDLY.get(settings.codec.lower(), settings.codec)
    match container:
        case "webm":
            return "libvpx-vp9"
        case "mxf":
            return "dnxhd"
        case "gif":
            return "gif"
        case "webp":
            return "libwebp_anim"
        case "apng":
            return "apng"
        case "mov" if info.codec == "prores" or info.has_alpha:
            return "prores_ks"
        case "matroska" | "nut" | "avi" if info.has_alpha:
            return "ffv1"
        case "avi" | "flv":
            return "libx264"
    return "libx265" if info.depth > 8 else "libx264"


def counts_frames(codec: Codec) -> bool:
    """Whether an encoder's clock must be its frame rate."""
    return codec.name in ("mpeg1video", "mpeg2video", "mpeg4")


def find_codec(name: str) -> Codec:
    """The encoder of this name; OutputError or OptionError says what to use where there is none."""
    try:
        codec = Codec(name, "w")
    except ValueError:
        alternative = _software_for(name)
        if alternative:
            raise OutputError(f"encoder {name} is not in this build of FFmpeg; use {alternative}") from None
        close = meant(name, FRIENDLY)
        hint = f"did you mean {close}?" if close else f"use one of {', '.join(sorted(FRIENDLY))}, or FFmpeg's name"
        raise OptionError(f"there is no encoder called {name}; {hint}") from None
    if codec.type != "video":
        raise OptionError(f"{name} encodes {codec.type}, not video")
    return codec


def _software_for(name: str) -> str | None:
    if not name.endswith(HARDWARE):
        return None
    return SOFTWARE.get(name.split("_")[0], "a software encoder such as h264")


def refused(name: str, why: str) -> OutputError:
    """The error for an encoder that would not open."""
    alternative = _software_for(name)
    if alternative:
        return OutputError(f"encoder {name} cannot be used on this machine; use {alternative}")
    return OutputError(f"encoder {name} does not take these settings: {why}")


def choose_pix_fmt(codec: Codec, settings: EncoderSettings, info: SourceInfo, size: tuple[int, int], note: Note) -> str:
    """The encoder's pixel format that loses least of the source, or the one that was asked for."""
    offered = [f.name for f in codec.video_formats or []]
    if settings.pix_fmt is not None:
        if offered and settings.pix_fmt not in offered:
            raise OptionError(f"{codec.name} does not take pix_fmt {settings.pix_fmt}; it takes {', '.join(offered)}")
        return settings.pix_fmt
    wanted = info.pix_fmt.replace("yuvj", "yuv")
    if codec.name == "mjpeg":
        offered = [f for f in offered if f.startswith("yuvj")]
        wanted = wanted.replace("yuv", "yuvj") if pixel_depth(VideoFormat(wanted)) == 8 else wanted
    if wanted == "pal8":
        wanted = "rgba" if info.has_alpha else "rgb24"
    if info.color_is_rgb and codec.name in ("libx264", "libx265", "libsvtav1", "libvpx-vp9", "mpeg2video"):
        wanted = ("yuva420p" if info.has_alpha else "yuv420p") + ("10le" if info.depth > 8 else "")  # for players
    if codec.name == "gif":
        return "pal8"
    shared = [f for f in offered if _usable(f)]
    if codec.name in UNFIT:
        shared = [f for f in shared if not f.startswith(UNFIT[codec.name])]
    if not info.has_alpha:
        shared = [f for f in shared if not has_alpha(VideoFormat(f))] or shared
    if codec.name in EVEN_ONLY and (size[0] % 2 or size[1] % 2):
        shared = [f for f in shared if _divides(f, size)] or shared
    if not shared:
        return wanted
    if wanted in shared:
        return wanted
    best, _ = find_best_pix_fmt_of_list(shared, wanted, info.has_alpha)
    chosen = best.name if best is not None else shared[0]
    _say_loss(codec, info, wanted, chosen, note)
    return chosen


def _usable(name: str) -> bool:
    if name in ("cuda", "qsv", "amf", "d3d11", "vaapi", "videotoolbox_vld", "bgr0", "rgb0"):
        return False
    format = VideoFormat(name)
    return (
        bool(format.components)
        and not format.has_palette
        and not name.startswith(("nv20", "nv21", "x2", "mono", "rgb4", "bgr4", "rgb5", "rgb8", "bgr8"))
    )


def _divides(name: str, size: tuple[int, int]) -> bool:
    format = VideoFormat(name)
    return not (size[0] % 2 and format.chroma_width(2) == 1) and not (size[1] % 2 and format.chroma_height(2) == 1)


def _say_loss(codec: Codec, info: SourceInfo, wanted: str, chosen: str, note: Note) -> None:
    old, new = VideoFormat(info.pix_fmt, 2, 2), VideoFormat(chosen, 2, 2)
    lost = []
    if pixel_depth(new) < pixel_depth(old) and not new.has_palette:
        lost.append(f"{pixel_depth(old)} bits become {pixel_depth(new)}")
    if has_alpha(old) and not has_alpha(new):
        lost.append("transparency is lost")
    if new.chroma_width(2) * new.chroma_height(2) < old.chroma_width(2) * old.chroma_height(2):
        lost.append("colour resolution is halved")
    if lost:
        note(f"{codec.name} writes {chosen}, not {wanted}: {', '.join(lost)}")


def encoder_options(
    context: CodecContext, settings: EncoderSettings, pix_fmt: str, params: Mapping[str, str] = MappingProxyType({})
) -> dict[str, str]:
    """The options to open `context` with; OptionError for one that the encoder does not know.

    `params` are more of the encoder's own; lists of parameters (x265-params) are joined.
    """
    codec = context.codec.name
    supported = context.supported_options
    known = {o.name: o for o in (*supported.generic, *supported.private)}
    private = {o.name for o in supported.private}
    options = dict(DEFAULTS.get(codec, {}))
    for name, value in params.items():
        options[name] = f"{options[name]}:{value}" if name in options else value
    if codec == "libvpx" and pix_fmt == "yuva420p":
        options["auto-alt-ref"] = "0"  # VP8 has no alpha in its hidden frames
    if codec == "dnxhd":
        options["profile"] = {"yuv422p": "dnxhr_hq", "yuv422p10le": "dnxhr_hqx"}.get(pix_fmt, "dnxhr_444")
    if settings.crf is not None:
        quality = next((n for n in ("crf", "cq", "global_quality", "qp") if n in private), None)
        if quality is None:
            raise OptionError(f"{codec} has no constant-quality setting; leave --crf out")
        options[quality] = f"{settings.crf:g}"
    if settings.preset is not None:
        if "preset" not in private:
            raise OptionError(f"{codec} has no presets; leave --preset out")
        if codec in ("libx264", "libx265") and settings.preset not in X26X_PRESETS:
            raise OptionError(f"{codec} has no preset {settings.preset}; use one of {', '.join(X26X_PRESETS)}")
        options["preset"] = settings.preset
    for name, value in settings.options.items():
        if name not in known:
            raise OptionError(f"{codec} has no option called {name}; see: ffmpeg -h encoder={codec}")
        joined = name.endswith("-params") and name in options
        options[name] = f"{options[name]}:{value}" if joined else str(value)
    return options


def open_encoder(context: VideoCodecContext) -> None:
    """Open an encoder; errors say what to do instead."""
    asked = dict(context.options)
    name = context.codec.name
    if name == "libsvtav1":
        os.environ.setdefault("SVT_LOG", "0")  # the only way to keep it from writing to the terminal
    said: list[str] = []
    try:
        with heard(said):
            context.open()
    except (av.FFmpegError, ValueError, MemoryError) as error:
        shown = " ".join(f"{k}={v}" for k, v in asked.items() if not v.startswith("log-level"))
        size = f"{context.width}x{context.height} {context.pix_fmt}"
        why = said[0] if said else getattr(error, "strerror", None) or error
        raise refused(name, " ".join(f"{size} {shown} ({why})".split())) from None
    unused = [k for k in context.options if k in asked]
    if unused:
        raise OptionError(f"{name} did not take the option(s) {', '.join(unused)}")
    complaint = next((line for line in said if "parsing option" in line or "Unknown option" in line), None)
    if complaint:
        raise OptionError(f"{name} does not know a parameter that it was given: {complaint}")


def encoder_works(name: str) -> bool:
    """Whether an encoder, by a friendly name or FFmpeg's, opens on this machine."""
    try:
        codec = find_codec(FRIENDLY.get(name.lower(), name))
        context = CodecContext.create(codec, "w")
        assert isinstance(context, VideoCodecContext)
        formats = [f.name for f in codec.video_formats or [] if _usable(f.name)]
        context.width, context.height, context.framerate = 640, 360, Fraction(25)
        context.pix_fmt = "yuv420p" if "yuv420p" in formats or not formats else formats[0]
        context.color_range = 2 if name == "mjpeg" else 1
        context.options = encoder_options(context, EncoderSettings(), context.pix_fmt)
        open_encoder(context)
    except VidstyleError:
        return False
    return True
