"""A process that hands encoded streams on to a network: NUT on standard input, an address in the environment.

A script of its own, which imports nothing of vidstyle, whose libraries take seconds to load. Opening a connection holds
Python's lock: in the process that paints, a server that hangs would stop everything.
"""

import faulthandler
import json
import os
import sys

import av


def main() -> None:
    url, format, options, patience = json.loads(os.environ.pop("VIDSTYLE_RELAY"))
    nothing = open(os.devnull, "w")  # noqa: SIM115

    def alarm() -> None:
        """End this process, whatever it is doing, unless it is called again in time."""
        faulthandler.dump_traceback_later(patience, exit=True, file=nothing)

    # Little is read ahead: NUT's headers tell what there is to know.
    source = av.open("pipe:0", format="nut", options={"probesize": "32", "fpsprobesize": "0"})
    alarm()
    sink = av.open(url, "w", format=format, container_options=options)
    streams = {stream.index: sink.add_stream_from_template(stream) for stream in source.streams}
    sink.start_encoding()
    print("ready", flush=True)
    faulthandler.cancel_dump_traceback_later()
    for packet in source.demux():
        if not packet.size:
            continue  # PyAV's own end-of-stream mark
        packet.stream = streams[packet.stream_index]
        alarm()
        sink.mux(packet)
        faulthandler.cancel_dump_traceback_later()
    alarm()
    sink.close()


try:
    main()
except (av.FFmpegError, OSError, ValueError) as error:
    sys.exit(" ".join(str(getattr(error, "strerror", None) or error).split()))
