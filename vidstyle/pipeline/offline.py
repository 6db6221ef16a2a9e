"""Every frame of a clip, in order: decode, stylize and encode side by side."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from vidstyle.errors import VidstyleError
from vidstyle.frames import Batch, Frame
from vidstyle.media import Sink, Source

from .channel import Channel, Halt, Stopped
from .convert import Download
from .progress import Progress

__all__ = ["Counts", "Paint", "run"]

Paint = Callable[[Iterator[list[Frame]]], Iterator[Batch]]
REPORT_EVERY = 0.1


class Counts:
    """How far a run is, shared by its threads."""

    def __init__(self, total: int | None) -> None:
        self.total = total
        self.decoded = self.stylized = self.written = self.repeated = 0
        self.started = time.perf_counter()
        self.ended: dict[str, float] = {}
        """When a stage was through, in seconds since the start."""
        self.stages: dict[str, float] = {}
        """Busy seconds of each stage."""

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.started

    def end(self, stage: str) -> None:
        self.ended[stage] = self.seconds


def run(
    source: Source,
    sink: Sink,
    paint: Paint | None,
    batch: int,
    on_progress: Callable[[Progress], None] | None = None,
    *,
    live: bool = False,
    wake: Callable[[], None] = lambda: None,
) -> Counts:
    """Read, paint and write every frame of `source`.

    paint: lists of 1 … `batch` frames of one size -> the same frames, in order, in Batches; None leaves every frame as
    it is. live: batches are of what has come, and no painting waits for the next batch.
    wake: called when the run fails or is interrupted, to end the waiting of a stage for something outside.
    The first failure of any stage stops all three, and is raised here with the stage and the frame in its message.
    The sink is neither committed nor aborted here. `on_progress` is called on the caller's thread.
    """
    halt = Halt()
    # Room for the batch in work and the next one: stages overlap, and memory does not depend on the clip's length.
    decoded: Channel[Frame] = Channel(2 * batch, halt)
    painted: Channel[Frame] = Channel(2 * batch, halt)
    counts = Counts(source.info.frames)

    def read() -> None:
        for frame in source:
            if paint is not None:
                frame.rgb  # noqa: B018  converted here, beside the net's work
            counts.repeated += frame.repeated
            decoded.put(frame)
            counts.decoded += 1
        decoded.close()
        counts.end("decode")

    def write() -> None:
        for frame in painted:
            sink.write(frame)
            counts.written += 1
        counts.end("encode")

    threads = [
        _Stage("decode", read, halt, lambda: counts.decoded),
        _Stage("encode", write, halt, lambda: counts.written),
    ]
    report = _Reporter(counts, decoded, painted, on_progress)
    done = False
    try:
        for thread in threads:
            thread.start()
        for frames in _stylized(decoded, paint, batch, live):
            for frame in frames:
                painted.put(frame)
                counts.stylized += 1
            report()
        painted.close()
        counts.end("stylize")
        threads[1].join_reporting(report)
        done = True
    except Stopped:
        pass
    except VidstyleError as error:
        halt.set(_located(error, "stylize", counts.stylized))
    except BaseException as error:
        halt.set(error)
    finally:
        halt.set()
        if not done:
            wake()
        _join(threads)
    counts.stages = _busy(counts, decoded, painted)
    if halt.error is not None:
        raise halt.error
    report(final=True)
    return counts


class _Stage(threading.Thread):
    """A stage on a thread of its own; its failure halts the run."""

    def __init__(self, stage: str, work: Callable[[], None], halt: Halt, frame: Callable[[], int]) -> None:
        super().__init__(name=f"vidstyle {stage}", daemon=True)
        self.stage, self.work, self.halt, self.frame = stage, work, halt, frame

    def run(self) -> None:
        if self.halt.stopped:
            return
        try:
            self.work()
        except Stopped:
            pass
        except VidstyleError as error:
            self.halt.set(_located(error, self.stage, self.frame()))
        except BaseException as error:
            self.halt.set(error)

    def join_reporting(self, report: Callable[[], None]) -> None:
        while self.is_alive():
            self.join(REPORT_EVERY)
            report()
        if self.halt.stopped:
            raise Stopped


def _join(threads: list[_Stage]) -> None:
    """Wait for all of them, even where Ctrl-C comes again: nobody may close a file that a stage still works on."""
    again: BaseException | None = None
    for thread in threads:
        while thread.is_alive():
            try:
                thread.join()
            except BaseException as error:
                again = error
    if again:
        raise again


def _located(error: VidstyleError, stage: str, frame: int) -> VidstyleError:
    """The same error, its message saying which stage failed at which frame."""
    error.args = (f"{error} [{stage}, frame {frame}]",)
    return error


def _stylized(decoded: Channel[Frame], paint: Paint | None, batch: int, live: bool) -> Iterator[list[Frame]]:
    """Frames in order, painted; unless live, one batch is on its way back while the next one is worked on."""
    if paint is None:
        yield from ([frame] for frame in decoded)
        return
    pending: Download | None = None
    for painted in paint(_batches(decoded, batch, live)):
        following = Download(painted)
        if pending:
            yield pending.frames()
            pending = None
        if live or following.immediate:
            yield following.frames()
        else:
            pending = following
    if pending:
        yield pending.frames()


def _batches(frames: Channel[Frame], size: int, live: bool) -> Iterator[list[Frame]]:
    """At most `size` frames at a time, live no more than are there, of one size and depth (a folder's may differ)."""
    batch: list[Frame] = []
    for frame in frames:
        if batch and (frame.rgb.shape, frame.rgb.dtype) != (batch[0].rgb.shape, batch[0].rgb.dtype):
            yield batch
            batch = []
        batch.append(frame)
        if len(batch) == size or (live and not len(frames)):
            yield batch
            batch = []
    if batch:
        yield batch


def _busy(counts: Counts, decoded: Channel[Frame], painted: Channel[Frame]) -> dict[str, float]:
    """Seconds that each stage worked: its time less its waiting."""
    waited = {
        "decode": decoded.waited_to_put,
        "stylize": decoded.waited_to_get + painted.waited_to_put,
        "encode": painted.waited_to_get,
    }
    return {stage: max(0.0, counts.ended.get(stage, counts.seconds) - idle) for stage, idle in waited.items()}


class _Reporter:
    """Calls back a few times a second, never more."""

    def __init__(
        self,
        counts: Counts,
        decoded: Channel[Frame],
        painted: Channel[Frame],
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self.counts, self.decoded, self.painted, self.on_progress = counts, decoded, painted, on_progress
        self.last = 0.0

    def __call__(self, final: bool = False) -> None:
        now = time.perf_counter()
        if self.on_progress is None or (now - self.last < REPORT_EVERY and not final):
            return
        self.last = now
        counts = self.counts
        fps = counts.written / max(counts.seconds, 1e-9)
        total = counts.written if final else counts.total
        left = max(0, total - counts.written) / fps if total and fps else None
        stages = _busy(counts, self.decoded, self.painted)
        self.on_progress(Progress(counts.written, total, fps, left, max(stages, key=stages.__getitem__)))
