"""Live video and its sound, encoded: to a network, to the pieces of a playlist, or into a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit

import av
import numpy as np
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from vidstyle.errors import OutputError, VidstyleError
from vidstyle.frames import ColorSpec
from vidstyle.media.addresses import plain, scheme
from vidstyle.media.colour import HD_HEIGHT, ColourWriter
from vidstyle.media.containers import reason
from vidstyle.media.encoders import open_encoder
from vidstyle.media.formats import container_for
from vidstyle.media.live_source import SOUND_RATE
from vidstyle.media.relay import Relay
from vidstyle.staging import StagedFile

__all__ = ["EncodedSink", "Target", "target"]

NOTHING: Mapping[str, str] = MappingProxyType({})
CLOCK = Fraction(1, 90_000)
NEAR = SOUND_RATE // 100
"""Samples by which sound may be off its time; beyond, silence is put in or samples are left out."""
BEHIND, MISSED = 2.0, 1.0
"""Seconds that sound may be behind the picture before silence takes the place of all but MISSED of them."""
KEY = 2
"""Seconds from one key frame to the next: as long a newcomer waits."""
SILENT = 8
"""Seconds after which a connection that takes nothing is given up."""
QUALITY = {"crf": "21", "preset": "veryfast", "tune": "zerolatency", "maxrate": "8M", "bufsize": "8M"}
OWN_FORMATS = {"libx264": "yuv420p", "libvpx-vp9": "yuv420p"}


@dataclass(frozen=True)
class Target:
    """Where encoded video goes. name: as shown. network: it may come back when it has gone."""

    name: str
    url: str
    format: str
    options: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    video: str = "libx264"
    audio: str = "aac"
    network: bool = True
    relayed: bool = True
    """The connection is held by another process."""


def target(text: str) -> Target:
    """rtmp(s)://, udp://, tcp://, rtsp://, http(s):// for WHIP, a playlist (.m3u8) or a file.

    A token for WHIP stands before the host, as in https://TOKEN@host/path, or in $VIDSTYLE_WHIP_TOKEN. OutputError for
    anything else, and for files that cannot be written.
    """
    kind = scheme(text)
    if kind in ("rtmp", "rtmps"):
        return Target(plain(text), text, "flv", {"flvflags": "no_duration_filesize"})
    if kind in ("udp", "tcp"):
        url = f"{text}{'&' if '?' in text else '?'}pkt_size=1316" if kind == "udp" else text
        return Target(plain(text), url, "mpegts", {"flush_packets": "1"}, relayed=kind != "udp")
    if kind == "rtsp":
        return Target(plain(text), text, "rtsp", {"rtsp_transport": "tcp"})
    if kind.removeprefix("whip+") in ("http", "https"):
        try:
            parts = urlsplit(text.removeprefix("whip+"))
        except ValueError as error:
            raise OutputError(f"{plain(text)} cannot be read as an address: {error}") from None
        user, _, host = parts.netloc.rpartition("@")
        token = unquote(user.strip(":")) or os.environ.get("VIDSTYLE_WHIP_TOKEN", "")
        url = parts._replace(netloc=host).geturl()
        return Target(plain(text), url, "whip", {"token": token}, audio="libopus")
    if "://" in text:
        raise OutputError(f"{plain(text)} is no known sink; use rtmp://, udp://, tcp://, rtsp:// or https:// (WHIP)")
    path = Path(text)
    if path.suffix.lower() == ".m3u8":
        StagedFile(path, overwrite=True).discard()
        # Pieces appear when complete, and old ones are removed.
        options = {"hls_time": str(KEY), "hls_list_size": "6", "hls_flags": "delete_segments+temp_file"}
        return Target(text, f"file:{path}", "hls", options, network=False, relayed=False)
    container = container_for(path)
    if container.format not in ("mp4", "mov", "matroska", "webm", "mpegts", "flv", "nut"):
        raise OutputError(f"{path} cannot be recorded live; use .mkv, .mp4, .mov, .ts, .flv or .webm")
    StagedFile(path, overwrite=True).discard()
    codecs = ("libvpx-vp9", "libopus") if container.format == "webm" else ("libx264", "aac")
    return Target(text, text, container.format, NOTHING, *codecs, network=False, relayed=False)


class EncodedSink:
    """Encodes pictures, and sound where there is any. For one thread. OutputError where it breaks off.

    Seconds count from the beginning of the session; the first picture's are where the sink's own time begins. Sound is
    held to its time: where some is missing there is silence.
    """

    def __init__(self, target: Target, size: tuple[int, int], rate: Fraction, sound: bool) -> None:
        self.target = target
        self._begin: float | None = None
        self._last = -1
        self._position = 0  # samples of sound that have been encoded
        self._held = np.zeros((0, 2), np.int16)
        self._staged: StagedFile | None = None
        self._relay: Relay | None = None
        self._video: Any
        self._audio: Any
        self._matrix = 1 if size[1] >= HD_HEIGHT else 6
        try:
            url = target.url
            if not target.network and target.format != "hls":
                self._staged = StagedFile(Path(target.url), overwrite=True)
                url = f"file:{self._staged.path}"
            options = dict(target.options)
            if target.relayed:
                self._relay = Relay(target.url, target.format, options, SILENT)
                options = {"write_index": "0", "flush_packets": "1"}
            self._out: Any = av.open(
                self._relay or url, "w", format="nut" if self._relay else target.format, container_options=options
            )
        except (av.FFmpegError, OSError, ValueError) as error:
            self._discard()
            raise OutputError(f"{target.name} cannot be opened: {reason(error)}") from None
        try:
            self._video = self._out.add_stream(target.video, rate=rate)
            self._configure(self._video.codec_context, size, rate)
            self._audio = self._out.add_stream(target.audio, rate=SOUND_RATE, layout="stereo") if sound else None
            if self._audio is not None:
                context = self._audio.codec_context
                context.bit_rate = 128_000
                context.open()
                self._at_once = context.frame_size or 1024
                self._sample = context.format.name
            self._out.start_encoding()
        except (av.FFmpegError, OSError, ValueError, VidstyleError) as error:
            self._shut()
            self._discard()
            why = str(error) if isinstance(error, VidstyleError) else reason(error)
            raise OutputError(f"{target.name} cannot be opened: {why}") from None

    def _configure(self, context: VideoCodecContext, size: tuple[int, int], rate: Fraction) -> None:
        context.width, context.height = size
        context.pix_fmt = OWN_FORMATS[self.target.video]
        context.time_base, context.framerate = CLOCK, rate
        context.gop_size = max(1, round(KEY * rate))
        context.max_b_frames = 0
        if self.target.format in ("mpegts", "whip"):
            # Their key frames bring their parameters along, whatever the relay's own format would rather have.
            context.flags &= ~Flags.global_header
        color = ColorSpec(False, self._matrix, self._matrix, self._matrix)
        context.color_range = 1
        context.colorspace = context.color_primaries = context.color_trc = self._matrix
        if self.target.video == "libx264":
            options = dict(QUALITY)
            if self._staged:
                options = {"crf": "20", "preset": "veryfast"}
            if self.target.format == "whip":
                options |= {"profile": "baseline"}
        else:
            options = {"deadline": "realtime", "cpu-used": "8", "crf": "32", "b": "0", "lag-in-frames": "0"}
        context.options = options
        open_encoder(context)
        context.options = {}
        self._writer = ColourWriter(context.pix_fmt, color, size[1])

    @property
    def connected(self) -> bool:
        """Whether what is shown arrives somewhere."""
        return self._relay is None or self._relay.ready

    def show(self, rgb: np.ndarray, seconds: float) -> None:
        """A picture (H, W, 3) uint8 of the sink's size."""
        self._begin = seconds if self._begin is None else self._begin
        frame = self._writer.from_rgb(rgb)
        self._last = max(self._last + 1, round((seconds - self._begin) / CLOCK))
        frame.pts, frame.time_base = self._last, CLOCK
        if self._relay and self._relay.asked:
            self._relay.asked, frame.pict_type = False, PictureType.I
        if self._audio is not None:
            due = round((seconds - self._begin - BEHIND) * SOUND_RATE)
            if self._position + len(self._held) < due:
                missing = due + round((BEHIND - MISSED) * SOUND_RATE) - self._position - len(self._held)
                self._sound(np.zeros((missing, 2), np.int16))
        self._mux(self._video, frame)

    def hear(self, samples: np.ndarray, seconds: float) -> None:
        """Sound (S, 2) int16 at SOUND_RATE; what came before the first picture is left out."""
        if self._audio is None or self._begin is None:
            return
        off = round((seconds - self._begin) * SOUND_RATE) - self._position - len(self._held)
        if off > NEAR:
            samples = np.concatenate([np.zeros((off, 2), np.int16), samples])
        elif off < -NEAR:
            samples = samples[-off:]
        self._sound(samples)

    def _sound(self, samples: np.ndarray) -> None:
        assert self._audio is not None
        self._held = np.concatenate([self._held, samples])
        while len(self._held) >= self._at_once:
            part, self._held = self._held[: self._at_once], self._held[self._at_once :]
            self._mux(self._audio, self._frame(part))

    def _frame(self, samples: np.ndarray) -> av.AudioFrame:
        values = samples.astype(np.float32) / 32768 if self._sample.startswith("flt") else samples
        planar = self._sample.endswith("p")
        array = np.ascontiguousarray(values.T) if planar else values.reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(array, self._sample, "stereo")
        frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, self._position, Fraction(1, SOUND_RATE)
        self._position += len(samples)
        return frame

    def _mux(self, stream: Any, frame: Any) -> None:
        try:
            self._out.mux(stream.encode(frame))
        except (av.FFmpegError, OSError) as error:
            raise self._broken(error) from None

    def _broken(self, error: Exception) -> OutputError:
        why = self._relay.why() if self._relay else reason(error)
        return OutputError(f"{self.target.name} {'broke off' if self.connected else 'cannot be opened'}: {why}")

    def close(self) -> None:
        """Finish; a recording appears under its name. OutputError where that cannot be done."""
        try:
            if self._begin is None:
                raise OutputError(f"{self.target.name} was not written: there were no frames")
            if self._audio is not None:
                if len(self._held):
                    self._mux(self._audio, self._frame(self._held))
                self._mux(self._audio, None)
            self._mux(self._video, None)
            try:
                self._out.close()
            except (av.FFmpegError, OSError) as error:
                raise self._broken(error) from None
            if self._relay and self._relay.finish():
                raise self._broken(OSError())
        except BaseException:
            self.abort()
            raise
        if self._staged:
            self._staged.commit()

    def abort(self) -> None:
        """Let go of it; of a file nothing stays."""
        self._shut()
        self._discard()

    def _shut(self) -> None:
        if self._relay:
            self._relay.kill()
        with suppress(av.FFmpegError, OSError, ValueError):
            self._out.close()

    def _discard(self) -> None:
        if self._staged:
            self._staged.discard()
