"""vidstyle: video style transfer that keeps everything but the look."""

__version__ = "0.1.0"
