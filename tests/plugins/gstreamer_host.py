"""A GStreamer program for test_gstreamer.py, under the system's Python, which has GStreamer's bindings.

Arguments: a pipeline whose element `v` is looked at, a file for what leaves it, and, as JSON, what is done before its
n-th frame: {"3": [["set", "strength", "0"]], "4": [["caps", "video/x-raw,…"]], "6": [["signal", pid, 9]],
"8": [["seek", 0], ["quit", 500]]}; caps are those of the element `c`, the last two are done after so many milliseconds.
Prints JSON: the warnings and errors on the bus, at how many frames a flush came, the frames' sizes, and the element's
latency in milliseconds whenever it told that it has another one.
"""

import json
import os
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstController", "1.0")
from gi.repository import GLib, Gst, GstController  # noqa: E402

Gst.init(None)
pipeline = Gst.parse_launch(sys.argv[1])
element = pipeline.get_by_name("v")
output = open(sys.argv[2], "wb")  # noqa: SIM115
deeds = {int(frame): steps for frame, steps in json.loads(sys.argv[3]).items()}
told = {"warnings": [], "errors": [], "flushed": [], "sizes": [], "latencies": []}
counts = {"in": 0, "out": 0}
loop = GLib.MainLoop()


def seek():
    pipeline.seek_simple(Gst.Format.TIME, Gst.SeekFlags.FLUSH, 0)


def ramp(name, *points):
    """Control a property: (seconds, value) after (seconds, value)."""
    source = GstController.InterpolationControlSource(mode=GstController.InterpolationMode.LINEAR)
    for second, value in points:
        source.set(int(second * Gst.SECOND), value)
    element.add_control_binding(GstController.DirectControlBinding.new(element, name, source))


def entering(pad, info):
    for deed, *words in deeds.get(counts["in"], []):
        if deed == "set":
            Gst.util_set_object_arg(element, *words)
        elif deed == "signal":
            os.kill(*words)
        elif deed == "ramp":
            ramp(*words)
        elif deed == "caps":
            pipeline.get_by_name("c").set_property("caps", Gst.Caps.from_string(*words))
        elif deed == "seek":
            GLib.timeout_add(*words, seek)
        elif deed == "quit":
            GLib.timeout_add(*words, loop.quit)
    counts["in"] += 1
    return Gst.PadProbeReturn.OK


def leaving(pad, info):
    if info.type & Gst.PadProbeType.BUFFER:
        buffer = info.get_buffer()
        output.write(buffer.extract_dup(0, buffer.get_size()))
        shape = pad.get_current_caps().get_structure(0)
        told["sizes"].append([shape.get_value("width"), shape.get_value("height")])
        counts["out"] += 1
    elif info.get_event().type == Gst.EventType.FLUSH_STOP:
        told["flushed"].append(counts["out"])
    return Gst.PadProbeReturn.OK


def heard(bus, message):
    if message.type == Gst.MessageType.WARNING:
        told["warnings"].append(message.parse_warning()[0].message)
    elif message.type == Gst.MessageType.ERROR:
        told["errors"].append(message.parse_error()[0].message)
        loop.quit()
    elif message.type == Gst.MessageType.LATENCY and message.src == element:
        query = Gst.Query.new_latency()
        element.get_static_pad("src").query(query)
        told["latencies"].append(query.parse_latency()[1] // Gst.MSECOND)
    elif message.type == Gst.MessageType.EOS:
        loop.quit()


element.get_static_pad("sink").add_probe(Gst.PadProbeType.BUFFER, entering)
element.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER | Gst.PadProbeType.EVENT_FLUSH, leaving)
bus = pipeline.get_bus()
bus.add_signal_watch()
bus.connect("message", heard)
pipeline.set_state(Gst.State.PLAYING)
loop.run()
pipeline.set_state(Gst.State.NULL)
output.close()
print(json.dumps(told))
