"""Interlaced frames to progressive ones, frame for frame, with their stamps."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import av
from av.filter import Graph

from vidstyle.frames import Frame
from vidstyle.media.notes import Note

__all__ = ["Deinterlacer"]


class Deinterlacer:
    """Passes frames through until the first interlaced one; from there on all go through bwdif.

    bwdif leaves progressive frames as they are and gives one frame for each, so stamps are handed on in order.
    """

    def __init__(self, note: Note) -> None:
        self._note = note
        self._graph: Graph | None = None
        self._waiting: deque[Frame] = deque()

    def __call__(self, frame: Frame) -> Iterator[Frame]:
        if self._graph is None and not frame.source.interlaced_frame:
            yield frame
            return
        if self._graph is None:
            self._note("interlaced frames are deinterlaced (bwdif, one frame per frame)")
            self._graph = self._build(frame)
        self._waiting.append(frame)
        self._graph.vpush(frame.source)
        yield from self._pull()

    def flush(self) -> Iterator[Frame]:
        if self._graph is not None:
            self._graph.vpush(None)
            yield from self._pull()
            yield from self._waiting  # a filter that kept a frame must not cost it
            self._waiting.clear()

    def _pull(self) -> Iterator[Frame]:
        assert self._graph is not None
        while True:
            try:
                picture = self._graph.vpull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            frame = self._waiting.popleft()
            frame.source = picture
            yield frame

    def _build(self, frame: Frame) -> Graph:
        graph = Graph()
        source = graph.add_buffer(
            width=frame.source.width,
            height=frame.source.height,
            format=frame.source.format,
            time_base=frame.stamp.time_base,
        )
        filter_ = graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
        sink = graph.add("buffersink")
        graph.link_nodes(source, filter_, sink).configure()
        return graph
