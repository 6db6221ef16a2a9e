"""Media in and out: the only code that knows PyAV and FFmpeg."""

from vidstyle.media.addresses import Address, source_address
from vidstyle.media.clips import as_tensors, list_clips
from vidstyle.media.encoders import EncoderSettings, encoder_works
from vidstyle.media.live_sink import EncodedSink, Target, target
from vidstyle.media.live_source import SOUND_RATE, LiveSource, Picture, Sound, Stream, open_live
from vidstyle.media.opening import default_output, open_sink, open_source
from vidstyle.media.pipe_ends import PipeIn, PipeOut
from vidstyle.media.pipe_formats import RawVideo, pipe_format
from vidstyle.media.pipe_sink import open_pipe
from vidstyle.media.pipe_source import PipeSource
from vidstyle.media.probe import MediaInfo, StreamInfo, probe
from vidstyle.media.sink import Sink
from vidstyle.media.source import Source, SourceInfo

__all__ = [
    "SOUND_RATE",
    "Address",
    "EncodedSink",
    "EncoderSettings",
    "LiveSource",
    "MediaInfo",
    "Picture",
    "PipeIn",
    "PipeOut",
    "PipeSource",
    "RawVideo",
    "Sink",
    "Sound",
    "Source",
    "SourceInfo",
    "Stream",
    "StreamInfo",
    "Target",
    "as_tensors",
    "default_output",
    "encoder_works",
    "list_clips",
    "open_live",
    "open_pipe",
    "open_sink",
    "open_source",
    "pipe_format",
    "probe",
    "source_address",
    "target",
]
