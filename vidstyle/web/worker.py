"""The process of one job: media is opened and painted here, under limits, never in the server.

The order is a line of JSON on stdin; what happens is told in lines of JSON on stdout. When stdin ends the server is
gone, and so is this process.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

from vidstyle.errors import InputError, VidstyleError

__all__ = ["be_nice", "limit", "main"]

PLAYS = {"h264", "vp8", "vp9", "av1"}
"""Codecs that browsers play, in the files that they play."""
PLAYABLE = {".mp4", ".m4v", ".webm", ".mov"}
SHOWN = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".apng", ".bmp"}
"""Endings of pictures that browsers show."""
PLAIN = {".gif", ".webp", ".apng", ".mp4", ".m4v"}
"""Endings of moving pictures that are not turned into MP4."""
MEMORY = "it needs more memory than a job may have; scale it down"


def main() -> None:
    """Read the order, work it off, tell what happens."""
    # Libraries may print to stdout; what is told goes where only we write.
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    lock = threading.Lock()

    def tell(event: str, **values: Any) -> None:
        with lock:
            told.write(json.dumps({"event": event, **values}, default=str) + "\n")
            told.flush()

    be_nice()
    # What takes seconds to load is loaded before there is an order.
    import vidstyle.pipeline  # noqa: F401

    line = sys.stdin.buffer.readline()
    if not line:
        return
    order = json.loads(line)
    threading.Thread(target=_end_with_server, args=(sys.stdin.buffer,), daemon=True).start()
    gpu = order["device"] not in ("cpu", "auto") or os.path.exists("/dev/nvidiactl")
    limit(None if gpu else order["max_memory"], order["max_file"])
    threading.Thread(target=_watch_memory, args=(order["max_memory"], tell), daemon=True).start()
    os.chdir(order["folder"])
    try:
        tell("done", **_paint(order, tell))
    except VidstyleError as error:
        tell("failed", text=str(error))
    except MemoryError:
        tell("failed", text=MEMORY)
    except Exception:
        traceback.print_exc()
        tell("failed", text="vidstyle could not cope with this file; that is a fault of vidstyle")
    # No thread of a library is waited for.
    told.flush()
    sys.stderr.flush()
    os._exit(0)


def _end_with_server(stdin: IO[bytes]) -> None:
    while stdin.read(1):
        pass
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


def limit(memory: int | None, file: int) -> None:
    """Bytes that may be allocated, and bytes that a file may have, where the system can limit them.

    memory: None with a GPU, whose driver maps much that it never uses.
    """
    with contextlib.suppress(ImportError):
        import resource

        limits = {resource.RLIMIT_FSIZE: file, resource.RLIMIT_CORE: 0}
        if memory is not None:
            limits[resource.RLIMIT_DATA] = memory
        for kind, most in limits.items():
            with contextlib.suppress(ValueError, OSError):  # a limit that is lower already
                resource.setrlimit(kind, (most, most))


def be_nice() -> None:
    """The page stays quick."""
    with contextlib.suppress(AttributeError):
        os.nice(5)


def _watch_memory(most: int, tell: Callable[..., None]) -> None:
    """End the process when it uses more memory than that, on Linux."""
    with contextlib.suppress(OSError, AttributeError):
        page = os.sysconf("SC_PAGE_SIZE")
        while int(Path("/proc/self/statm").read_text().split()[1]) * page <= most:
            time.sleep(0.2)
        tell("failed", text=MEMORY)
        os._exit(0)


def _paint(order: dict[str, Any], tell: Callable[..., None]) -> dict[str, Any]:
    from vidstyle.media import default_output, open_source
    from vidstyle.pipeline import Progress, stylize
    from vidstyle.stylizers import Stylizer

    path, longest = Path(order["input"]), order["max_seconds"]
    with open_source(path, max_pixels=order["max_pixels"]) as source:
        info = source.info
        target = default_output(source, "painted")
        if not info.still and order["format"] == "mp4" and target.suffix not in PLAIN:
            target = target.with_suffix(".mp4")
    if info.duration is not None and info.duration > longest:
        raise InputError(f"it is {_clock(info.duration)} long; at most {_clock(longest)} are taken here")
    tell("looked", size=info.size, frames=info.frames, still=info.still, seconds=float(info.duration or 0))
    most = longest * float(info.rate or 60) * 1.1 + 100

    def on_progress(event: Progress) -> None:
        if event.frames > most:  # the file did not tell how long it is, or lied
            raise InputError(f"it is longer than {_clock(longest)}, which is what is taken here")
        tell("progress", frames=event.frames, total=event.total, fps=round(event.fps, 2), eta=event.eta)

    as_mp4: dict[str, Any] = {}
    if order["format"] == "mp4" and target.suffix in (".mp4", ".m4v") and not info.still and info.depth == 8:
        # H.264 has odd sizes only where chroma is not shared.
        as_mp4 = {"codec": "h264", "pix_fmt": None if _odd(info.size) else "yuv420p"}
    painter = Stylizer(order["model"], order["device"], note=lambda text: tell("note", text=text))
    style = [(Path(order["picture"]) if order["picture"] else order["style"], 1.0)]
    result = stylize(
        path,
        None if painter.fixed_style else style,
        target,
        model=painter,
        strength=order["strength"],
        keep_color=order["keep_color"],
        temporal=order["temporal"],
        max_pixels=order["max_pixels"],
        **as_mp4,
        on_progress=on_progress,
        on_note=lambda text: tell("note", text=text),
    )
    tell("finishing")
    return {
        "result": result.output.name,
        "size": result.size,
        "frames": result.frames,
        "seconds": round(result.seconds, 3),
        "before": _for_browsers(path, order["max_pixels"]),
        "after": _for_browsers(result.output, order["max_pixels"]),
    }


def _for_browsers(path: Path, max_pixels: int) -> str | None:
    """A file's own name where browsers show it, else that of a copy that they do; None where there can be none."""
    from vidstyle.media import EncoderSettings, open_sink, open_source
    from vidstyle.pipeline.offline import run

    try:
        with open_source(path, max_pixels=max_pixels) as source:
            info = source.info
            shared = info.pix_fmt in ("yuv420p", "yuvj420p")
            if path.suffix in SHOWN or (path.suffix in PLAYABLE and info.codec in PLAYS and shared):
                return path.name
            ending, plain = ".mp4", EncoderSettings("h264", 23, "veryfast", "yuv420p")
            if info.still:
                ending, plain = ".jpg", EncoderSettings()
            elif _odd(info.size):
                quick = {"deadline": "realtime", "cpu-used": "8"}
                ending, plain = ".webm", EncoderSettings("vp9", 32, pix_fmt="yuv420p", options=quick)
            copy = path.with_name(f"{path.stem}-shown{ending}")
            with open_sink(copy, source, encoder=plain) as sink:
                run(source, sink, None, 1)
        return copy.name
    except VidstyleError:
        traceback.print_exc()
        return None


def _odd(size: tuple[int, int]) -> bool:
    return bool(size[0] % 2 or size[1] % 2)


def _clock(seconds: Fraction | float) -> str:
    whole = int(seconds)
    return (
        f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}" if whole >= 3600 else f"{whole // 60}:{whole % 60:02}"
    )


if __name__ == "__main__":
    main()
