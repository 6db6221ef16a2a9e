"""A live session, end to end: latency, rate, drops, how far sound and picture come apart, and memory.

Usage: python bench/live.py [MINUTES] [WIDTH HEIGHT] [FPS] [STYLE]   default: 12 minutes of 640×360 at 30 fps, waves

Three processes on this machine: one sends a test picture with its sound by UDP (MPEG-TS, H.264, AAC), one paints it (a
`Session` as `vidstyle live` runs it) and sends it on by UDP and into a recording, one receives. The sender writes into
the two lowest rows of blocks of each frame when it was made and its number; the painter paints the whole frame, then
lays those rows of the unpainted frame over it; the receiver reads them.

- latency_ms.end_to_end: from a frame's making to its decoding at the receiver: two encoders, decoders and networks.
- latency_ms.capture_to_present: from decoded frame to encoded and sent; what the status line shows.
- cpu_ms_per_painted_frame: of all the session's threads: reading, painting, two encoders, and what is dropped unseen.
- apart_ms: of sound to picture in the recording: where beeps begin, against the frames' numbers and time stamps.

Half an hour or more is a soak, with a result of its own; out/live_soak.jsonl has what was seen every ten seconds.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import sys
import time
from fractions import Fraction
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

import av
import numpy as np

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
BLOCK, BITS = 8, 32
ROWS = 2 * BLOCK
SECOND = 48_000
FRAMES = ("came", "dropped", "painted", "repeated", "shown_again", "reconnects")


def write(picture: np.ndarray, made: int, number: int) -> None:
    """Two numbers of 32 bits into the lowest rows of a frame (H, W, 3), as black and white blocks."""
    width = picture.shape[1] // BITS
    for row, value in enumerate((made, number)):
        bits = (value >> np.arange(BITS) & 1).astype(np.uint8) * 255
        top = picture.shape[0] - ROWS + row * BLOCK
        picture[top : top + BLOCK, : width * BITS] = bits.repeat(width)[None, :, None]


def read(luma: np.ndarray) -> tuple[int, int]:
    """What `write` wrote, from the luma (H, W)."""
    width = luma.shape[1] // BITS
    found = []
    for row in range(2):
        middle = luma.shape[0] - ROWS + row * BLOCK + BLOCK // 2
        bits = luma[middle, width // 2 : width * BITS : width] > 128
        found.append(int((bits.astype(np.int64) << np.arange(BITS)).sum()))
    return found[0], found[1]


def now() -> int:
    """Milliseconds, the same in all processes."""
    return time.monotonic_ns() // 1_000_000 & 0xFFFFFFFF


def luma(frame: av.VideoFrame) -> np.ndarray:
    plane = frame.planes[0]
    return np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]


def send(url: str, size: tuple[int, int], fps: int, stop: Any) -> None:
    from vidstyle.live.test_source import TestSource
    from vidstyle.media import EncodedSink, target

    source = TestSource(f"test:{size[0]}x{size[1]}@{fps}")
    sink = EncodedSink(target(url), size, Fraction(fps), True)
    ahead, began = SECOND // 10, time.monotonic()
    sent = number = 0
    while not stop.is_set():
        time.sleep(max(0.0, began + number / fps - time.monotonic()))
        picture = source.picture(number / fps)
        write(picture, now(), number)
        sink.show(picture, number / fps)
        until = round(number / fps * SECOND) + ahead
        sink.hear(source.sound(sent, until - sent), sent / SECOND)
        number, sent = number + 1, until
    sink.close()


def paint(incoming: str, outgoing: str, record: str, style: str, tell: Any, stop: Any) -> None:
    from vidstyle.live import Controls, LivePainter
    from vidstyle.live.session import Session
    from vidstyle.live.sinks import parse_sink
    from vidstyle.live.sources import parse_source
    from vidstyle.live.status import Status
    from vidstyle.stylizers import Stylizer

    class Marked(LivePainter):
        def __call__(self, rgb: np.ndarray, dropped: int = 0) -> np.ndarray:
            painted = super().__call__(rgb, dropped).copy()
            painted[-ROWS:] = rgb[-ROWS:]
            return painted

    painter = Marked(Stylizer("brisk"), Controls(style))
    session = Session(parse_source(incoming)[1], painter, [parse_sink(outgoing), parse_sink(record)], note=print)
    status, began = Status(session), cpu()

    def look() -> dict[str, Any]:
        return {**status(), "mb": memory(), "load": os.getloadavg()[0], "cpu_seconds": cpu() - began}

    session.start()
    while not stop.wait(10):
        tell.put(look())
    session.stop()
    tell.put({**look(), "error": repr(session.error)})


def receive(url: str, size: tuple[int, int], tell: Any, stop: Any) -> None:
    seen = []
    with av.open(url, format="mpegts", options={"overrun_nonfatal": "1"}, timeout=(60, 5)) as stream:
        stream.streams.video[0].codec_context.thread_type = "SLICE"
        try:
            for frame in stream.decode(video=0):
                if (frame.width, frame.height) == size:  # else packets were lost before the first key frame
                    made, number = read(luma(frame))
                    seen.append((time.monotonic(), now() - made & 0xFFFFFFFF, number))
        except av.FFmpegError:
            pass
    tell.put(seen)


def memory() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def cpu() -> float:
    used = os.times()
    return used.user + used.system


def apart(path: Path, fps: int) -> list[tuple[float, float]]:
    """Seconds into the recording, and how much later than the picture the sound is, in milliseconds, at every beep."""
    shifts, loud, begins = [], [], None
    with av.open(str(path)) as container:
        for frame in container.decode():
            if isinstance(frame, av.VideoFrame):
                _, number = read(luma(frame))
                shifts.append((frame.time, frame.time - number / fps))
            else:
                begins = frame.time if begins is None else begins
                loud.append(np.abs(frame.to_ndarray()[0]) > 0.05)
    at = np.flatnonzero(np.concatenate(loud))
    onsets = at[np.diff(at, prepend=-SECOND) > SECOND // 4] / SECOND + (begins or 0.0)
    times = np.array([time for time, _ in shifts])
    found = []
    for onset in onsets[1:]:
        near = np.abs(times - onset) < 2
        if near.any():
            shift = median(shift for (_, shift), close in zip(shifts, near, strict=True) if close)
            source = onset - shift
            found.append((float(onset), 1000 * (source - round(source))))
    return found


def spread(values: list[float]) -> dict[str, float]:
    cuts = quantiles(values, n=20, method="inclusive")
    return {"p50": round(cuts[9], 1), "p95": round(cuts[18], 1), "most": round(max(values), 1)}


def free() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main() -> None:
    words = [*sys.argv[1:], *["12", "640", "360", "30", "waves"][len(sys.argv) - 1 :]]
    minutes, size, fps, style = float(words[0]), (int(words[1]), int(words[2])), int(words[3]), words[4]
    name = "live_soak" if minutes >= 30 else "live"
    log = Path(__file__).parents[1] / "out" / f"{name}.jsonl"
    apart_now = multiprocessing.get_context("spawn")
    stop, told, arrived = apart_now.Event(), apart_now.Queue(), apart_now.Queue()
    incoming, outgoing = (f"udp://127.0.0.1:{free()}" for _ in range(2))
    with TemporaryDirectory() as folder:
        record = Path(folder) / "live.mkv"
        sender = apart_now.Process(target=send, args=(incoming, size, fps, stop))
        painter = apart_now.Process(target=paint, args=(incoming, outgoing, str(record), style, told, stop))
        receiver = apart_now.Process(target=receive, args=(outgoing, size, arrived, stop))
        for process in (sender, receiver, painter):
            process.start()
        log.parent.mkdir(exist_ok=True)
        rows, began = [told.get()], time.monotonic()
        with log.open("w") as lines:
            while time.monotonic() < began + 60 * minutes:
                rows.append(told.get(timeout=120))
                print(json.dumps(rows[-1]), file=lines, flush=True)
        stop.set()
        seen = arrived.get(timeout=60)
        while "error" not in rows[-1]:
            rows.append(told.get(timeout=60))
        for process in (sender, receiver, painter):
            process.join(30)
        sounds = apart(record, fps)
    settled = [each for each in seen if each[0] > seen[0][0] + 10]
    end, memories = rows[-1], [row["mb"] for row in rows[3:]] or [rows[-1]["mb"]]
    minute = [shift for _, shift in sounds[:60]], [shift for _, shift in sounds[-60:]]
    from results_file import record as write_down

    write_down(
        name,
        {
            "minutes": minutes,
            "size": list(size),
            "fps_sent": fps,
            "style": style,
            "fps_received": round((len(settled) - 1) / (settled[-1][0] - settled[0][0]), 2),
            "latency_ms": {
                "end_to_end": spread([each[1] for each in settled]),
                "capture_to_present": end["latency_ms"],
            },
            "frames": {
                key: end[key] for key in ("came", "dropped", "painted", "repeated", "shown_again", "reconnects")
            },
            "cpu_ms_per_painted_frame": round(1000 * end["cpu_seconds"] / end["painted"], 1),
            "sinks": [{key: sink[key] for key in ("shown", "dropped", "unheard", "failed")} for sink in end["sinks"]],
            "apart_ms": {
                "beeps": len(sounds),
                "first_minute": round(median(minute[0]), 1),
                "last_minute": round(median(minute[1]), 1),
                "every_five_minutes": [
                    round(median(ms for _, ms in sounds[i : i + 300]), 1) for i in range(0, len(sounds), 300)
                ],
                "most": round(max((shift for _, shift in sounds), key=abs), 1),
                "beyond_40_ms": [[round(at), round(shift)] for at, shift in sounds if abs(shift) > 40],
            },
            "mb_first_least_most_last": [round(f(memories)) for f in (lambda m: m[0], min, max, lambda m: m[-1])],
            "mb_every_five_minutes": [round(mb) for mb in memories[::30]],
            "load_average": round(median(row["load"] for row in rows), 1),
            "error": end["error"],
        },
    )


if __name__ == "__main__":
    main()
