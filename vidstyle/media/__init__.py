"""Media in and out: the only code that knows PyAV and FFmpeg."""

from vidstyle.media.encoders import EncoderSettings
from vidstyle.media.opening import open_sink, open_source
from vidstyle.media.probe import MediaInfo, StreamInfo, probe
from vidstyle.media.sink import Sink
from vidstyle.media.source import Source, SourceInfo
from vidstyle.media.stills import load_image

__all__ = [
    "EncoderSettings",
    "MediaInfo",
    "Sink",
    "Source",
    "SourceInfo",
    "StreamInfo",
    "load_image",
    "open_sink",
    "open_source",
    "probe",
]
