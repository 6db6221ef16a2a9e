"""Live video and its sound as they arrive: nothing is kept waiting, nothing is read ahead."""

from __future__ import annotations

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.format import Flags

from vidstyle.errors import InputError
from vidstyle.frames import MAX_PIXELS
from vidstyle.media.addresses import Address
from vidstyle.media.backlog import Backlog, Leave
from vidstyle.media.clip_source import READ_ERRORS, decoding_context
from vidstyle.media.colour import ColourReader, color_of
from vidstyle.media.containers import check_pixels, open_container, reason
from vidstyle.media.decoder import Decoder

__all__ = ["SOUND_RATE", "LiveSource", "Picture", "Sound", "Stream", "open_live"]

SOUND_RATE = 48_000
"""Samples per second of all sound here; it has two channels, int16."""
OPEN, READ = 10.0, 4.0
"""Seconds after which a source that does not open, or that has fallen silent, is given up."""


class Picture:
    """A frame as it came. seconds: on its source's own clock; None where that has none."""

    def __init__(self, rgb: np.ndarray | None, seconds: float | None, frame: Any = None, stream: Any = None) -> None:
        self.seconds = seconds
        self._rgb, self._frame, self._stream = rgb, frame, stream

    @property
    def rgb(self) -> np.ndarray:
        """(H, W, 3) uint8, converted on first use: many frames are dropped before."""
        if self._rgb is None:
            self._rgb = self._stream.read(self._frame)
            self._frame = None
        return self._rgb


@dataclass(frozen=True)
class Sound:
    """samples: (S, 2) int16 at SOUND_RATE. seconds: of the first, on the same clock as the pictures'."""

    samples: np.ndarray
    seconds: float | None


class Stream(ABC):
    """Pictures and sounds in the order in which they arrive; iterated once, closed by whoever iterates."""

    size: tuple[int, int]
    """(width, height) of the first picture."""
    rate: Fraction
    """Pictures per second, about."""
    has_sound: bool
    paced: bool
    """It comes faster than time goes: whoever reads has to wait until a picture is due."""
    skipped = 0
    """Pictures that were left out, as decoding fell behind."""

    @abstractmethod
    def __iter__(self) -> Iterator[Picture | Sound]: ...

    @abstractmethod
    def close(self) -> None: ...


def open_live(address: Address, max_pixels: int = MAX_PIXELS) -> LiveSource:
    """InputError where it cannot be opened, within OPEN seconds."""
    return LiveSource(address, max_pixels)


class LiveSource(Stream):
    """A device, a stream or a file, by PyAV. Iterating raises InputError where it breaks off."""

    # As little as tells what there is: what is read to find out is late already. It is handed out all the same (without
    # "nobuffer"): a key frame may be among it.
    PROBE: ClassVar[dict[str, str]] = {"probesize": "1000000", "analyzeduration": "1000000"}
    # Where formats announce nothing (RTMP), pictures may come later than that.
    LONGER: ClassVar[dict[str, str]] = {"analyzeduration": "8000000"}

    def __init__(self, address: Address, max_pixels: int) -> None:
        self.address, self._most = address, max_pixels
        self.container = self._open(address, max_pixels)
        if not self.container.streams.video and address.again:
            self.container.close()
            self.container = self._open(address, max_pixels, self.LONGER)
        try:
            pictures = self.container.streams.video
            if not pictures:
                raise InputError(f"{address.name} has no video")
            self._video: Any = pictures[0]
            context = self._video.codec_context
            if context is None:
                raise InputError(f"{address.name} is coded in a way that this build of FFmpeg cannot decode")
            check_pixels(address.name, context.width, context.height, max_pixels)
            sounds = self.container.streams.audio
            self._audio = sounds[0] if sounds and sounds[0].codec_context is not None else None
            self.has_sound = self._audio is not None
            self.rate = Fraction(self._video.average_rate or self._video.guessed_rate or 30)
            if not 1 <= self.rate <= 240:
                self.rate = Fraction(30)
            finite = self.container.duration is not None or self.container.format.name == "hls"
            self.paced = finite if address.paced is None else address.paced
            # What comes without times is given some by FFmpeg, as if it came at a rate that nobody knows.
            self._timed = self.paced or not self.container.format.flags & Flags.no_timestamps.value
            self._context = decoding_context(self._video, max_pixels, "SLICE")
            self._decoder = Decoder(self._context)
            self._backlog = Backlog(self.paced)
            self._readers: dict[Any, ColourReader] = {}
            self._items = self._read()
            self._early: list[Picture | Sound] = []
            # The header may not know the size: a stream that is joined in its midst tells with its next key frame.
            self._deadline: float | None = time.monotonic() + OPEN
            self.size = self._first()
        except BaseException:
            self.close()
            raise

    def _open(self, address: Address, max_pixels: int, probe: Mapping[str, str] = PROBE) -> Any:
        if address.paced and not address.again:
            return open_container(Path(address.url), max_pixels=max_pixels)
        limits = {"max_pixels": str(min(max(max_pixels, MAX_PIXELS), 2**31 - 1)), "max_streams": "100"}
        try:
            return av.open(
                address.url,
                format=address.format,
                options={**self.PROBE, **probe, **limits, **address.options},
                timeout=(OPEN, READ),
                metadata_errors="surrogateescape",
            )
        except (av.FFmpegError, OSError, ValueError) as error:
            raise InputError(f"{address.name} cannot be opened: {reason(error)}") from None

    def _first(self) -> tuple[int, int]:
        """The size of the first picture; what comes before it is kept, and so is it."""
        for item in self._items:
            self._early.append(item)
            if isinstance(item, Picture):
                self._deadline = None
                return item.rgb.shape[1], item.rgb.shape[0]
        raise InputError(f"{self.address.name} has no picture that can be decoded")

    def __iter__(self) -> Iterator[Picture | Sound]:
        early, self._early = self._early, []
        yield from early
        if self.paced:
            self._backlog = Backlog(True)  # nothing has come meanwhile
        yield from self._items

    def _read(self) -> Iterator[Picture | Sound]:
        streams = [self._video] if self._audio is None else [self._video, self._audio]
        resampler = AudioResampler("s16", "stereo", SOUND_RATE)
        errors = 0
        packets = self.container.demux(*streams)
        while True:
            try:
                if self._deadline is not None and time.monotonic() > self._deadline:
                    raise InputError(f"{self.address.name} has no picture that can be decoded within {OPEN:g} seconds")
                packet = next(packets, None)
                if packet is None:
                    return
                if packet.stream_index == self._video.index:
                    yield from self._pictures(packet)
                elif packet.size:
                    yield from self._sounds(packet, resampler)
                errors = 0
            except av.error.EOFError:
                return
            except av.FFmpegError as error:
                errors += 1
                silent = isinstance(error, (av.error.ExitError, av.error.TimeoutError))
                if silent or errors > READ_ERRORS or isinstance(error, OSError):
                    why = f"nothing came for {READ:g} seconds" if silent else reason(error)
                    raise InputError(f"{self.address.name} broke off: {why}") from None
                packets = self.container.demux(*streams)

    def _pictures(self, packet: av.Packet) -> Iterator[Picture]:
        end = not packet.size and packet.pts is None and packet.dts is None
        leave = Leave.NOTHING if end else self._leave(packet)
        if leave is Leave.THIS:
            self.skipped += 1
            return
        if leave is Leave.BEFORE:
            self._decoder.restart()
        self._context.skip_frame = "NONREF" if leave is Leave.SOME else "DEFAULT"
        self.skipped += leave is Leave.SOME
        for picture in self._decoder.decode(None if end else packet):
            if picture.frame is not None:
                self.skipped -= leave is Leave.SOME
                check_pixels(self.address.name, picture.frame.width, picture.frame.height, self._most)
                timed = self._timed and picture.pts is not None
                seconds = float(picture.pts * self._video.time_base) if timed else None
                yield Picture(None, seconds, picture.frame, self)

    def _leave(self, packet: av.Packet) -> Leave:
        if not self._timed:
            return Leave.NOTHING
        seconds = None if packet.dts is None else float(packet.dts * self._video.time_base)
        return self._backlog.judge(seconds, packet.is_keyframe)

    def _sounds(self, packet: av.Packet, resampler: AudioResampler) -> Iterator[Sound]:
        assert self._audio is not None
        with contextlib.suppress(av.error.InvalidDataError):  # a damaged packet: its time stays silent
            for frame in self._audio.codec_context.decode(packet):
                for part in resampler.resample(frame):
                    seconds = None if part.pts is None else part.pts / SOUND_RATE
                    yield Sound(part.to_ndarray().reshape(-1, 2), seconds)

    def read(self, frame: av.VideoFrame) -> np.ndarray:
        """(H, W, 3) uint8."""
        color = color_of(frame, self._video.codec_context)
        key = color, frame.height
        if key not in self._readers:
            self._readers[key] = ColourReader(color, frame.height)
        rgb, _ = self._readers[key](frame)
        return rgb if rgb.dtype == np.uint8 else (rgb >> 8).astype(np.uint8)

    def close(self) -> None:
        self.container.close()
