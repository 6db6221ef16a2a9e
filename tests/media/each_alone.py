"""Run by test_broken: each file in a process of its own, as a decoder may crash or hang; tells what went wrong."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from vidstyle.errors import VidstyleError
from vidstyle.media import EncoderSettings, open_sink, open_source, probe

SECONDS = 40


def stylize(path: Path, folder: Path) -> None:
    probe(path)
    with open_source(path) as source:
        out = folder / ("out.png" if source.info.still else "out.mkv")
        fast = EncoderSettings() if source.info.still else EncoderSettings(codec="h264", preset="ultrafast")
        with open_sink(out, source, encoder=fast) as sink:
            for frame in source:
                frame.rgb = frame.rgb
                sink.write(frame)


def alone(path: Path, folder: Path) -> int:
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    signal.alarm(SECONDS)
    code = 1
    try:
        stylize(path, folder)
        code = 0
    except VidstyleError as error:
        code = 2 if "\n" in str(error) else 0
    finally:
        os._exit(code)


def main(folder: Path, files: list[Path]) -> None:
    for path in files:
        status = alone(path, folder)
        debris = [p.name for p in folder.iterdir() if p.name.startswith(".")]
        if status or debris:
            print(path, status, debris)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
