"""A VapourSynth program for test_vapoursynth.py, under a Python that has VapourSynth.

Arguments: a file of frames as planes, one behind the other, a file for what comes out, and, as JSON, `format`, `width`,
`height`, `props` (of its frames), `convert` (to a format), `order` (of the frames asked for), `together` (all of
them at once), `kill` (after so many frames, this process), and what `stylize` takes. Prints JSON: what was
logged, whether each frame is painted, and the tags of the last one.
"""

import ctypes
import json
import os
import sys

import vapoursynth as vs
import vidstyle_vs

given, output, task = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
lines = []
vs.core.add_log_handler(lambda kind, text: lines.append(text) if kind >= vs.MESSAGE_TYPE_WARNING else None)
data = open(given, "rb").read()  # noqa: SIM115
format = getattr(vs, task["format"])
halves = int(format == vs.YUV420P8)
sizes = [(task["width"] >> half) * (task["height"] >> half) for half in (0, halves, halves)]
frame_size = sum(sizes)
blank = vs.core.std.BlankClip(
    width=task["width"], height=task["height"], format=format, length=len(data) // frame_size, keep=True
)


def filled(n, f):
    frame, at = f.copy(), n * frame_size
    for plane in range(3):
        # Rows of these widths lie without padding.
        assert frame.get_stride(plane) * frame[plane].shape[0] == sizes[plane]
        ctypes.memmove(frame.get_write_ptr(plane).value, data[at : at + sizes[plane]], sizes[plane])
        at += sizes[plane]
    return frame


clip = vs.core.std.ModifyFrame(blank, blank, filled)
if task.get("props"):
    clip = clip.std.SetFrameProps(**task["props"])
if task.get("convert"):
    clip = clip.resize.Point(format=getattr(vs, task["convert"]), matrix_s="170m")
try:
    painted = vidstyle_vs.stylize(clip, **task["stylize"])
except vs.Error as error:
    sys.exit(f"vs.Error: {error}")
assert painted.format.id == clip.format.id
order = task.get("order") or range(len(clip))
asked = [painted.get_frame_async(n) for n in order] if task.get("together") else None
told = []
with open(output, "wb") as file:
    for at, n in enumerate(order):
        if at == task.get("kill", [None])[0]:
            os.kill(task["kill"][1], 9)
        frame = asked[at].result() if asked else painted.get_frame(n)
        for plane in range(frame.format.num_planes):
            file.write(bytes(frame[plane]))
        told.append(int(frame.props["VidstylePainted"]))
print(json.dumps({"log": lines, "painted": told, "tags": {k: int(v) for k, v in frame.props.items() if k[0] == "_"}}))
