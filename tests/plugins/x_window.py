"""A screen for programs with windows (Xvfb), and what a user does there: keys, and closing a window."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import subprocess
from ctypes import POINTER, byref, c_char_p, c_int, c_long, c_uint, c_ulong, c_void_p
from pathlib import Path

CLIENT_MESSAGE = 33


class ClientMessage(ctypes.Structure):
    _fields_ = [
        ("type", c_int),
        ("serial", c_ulong),
        ("send_event", c_int),
        ("display", c_void_p),
        ("window", c_ulong),
        ("message_type", c_ulong),
        ("format", c_int),
        ("data", c_long * 5),
        ("room", c_long * 24),  # of the union XEvent
    ]


class Screen:
    """Xvfb, until it is closed. display: its name."""

    def __init__(self) -> None:
        readable, writable = os.pipe()
        size = ["-screen", "0", "1280x900x24"]
        command = ["Xvfb", "-displayfd", str(writable), *size, "+extension", "GLX", "-nolisten", "tcp"]
        self.process = subprocess.Popen(command, pass_fds=[writable], stderr=subprocess.DEVNULL)
        os.close(writable)
        with os.fdopen(readable) as told:
            self.display = f":{int(told.readline())}"

    def environment(self, home: Path) -> dict[str, str]:
        """Of a program on it, whose user has another home folder."""
        runtime = home / "runtime"
        runtime.mkdir(mode=0o700, parents=True)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "WAYLAND", "OMP_"))}
        return kept | {
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(runtime),
            "DISPLAY": self.display,
            "QT_QPA_PLATFORM": "xcb",
            "LIBGL_ALWAYS_SOFTWARE": "1",
        }

    def press(self, window: str, *keys: str) -> None:
        """Keys by their names in X, when a window of that name is to be seen; it has the left upper corner."""
        search = ["search", "--sync", "--onlyvisible", "--name", window]
        command = ["xdotool", *search, "mousemove", "10", "500", "key", *keys]
        subprocess.run(command, env=os.environ | {"DISPLAY": self.display}, check=True, timeout=60, capture_output=True)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def close_window(display_name: str, title: str) -> None:
    """WM_DELETE_WINDOW (ICCCM 4.2.8.1) to the first window whose name begins with `title`.

    Without a window manager it is a child of the root.
    """
    x = ctypes.CDLL(ctypes.util.find_library("X11"))
    x.XOpenDisplay.restype = c_void_p
    x.XDefaultRootWindow.argtypes, x.XDefaultRootWindow.restype = [c_void_p], c_ulong
    x.XInternAtom.argtypes, x.XInternAtom.restype = [c_void_p, c_char_p, c_int], c_ulong
    x.XQueryTree.argtypes = [c_void_p, c_ulong, *[POINTER(c_ulong)] * 2, POINTER(POINTER(c_ulong)), POINTER(c_uint)]
    x.XFetchName.argtypes = [c_void_p, c_ulong, POINTER(c_char_p)]
    x.XSendEvent.argtypes = [c_void_p, c_ulong, c_int, c_long, POINTER(ClientMessage)]
    x.XCloseDisplay.argtypes = [c_void_p]

    display = x.XOpenDisplay(display_name.encode())
    assert display
    above, count, children = c_ulong(), c_uint(), POINTER(c_ulong)()
    x.XQueryTree(display, x.XDefaultRootWindow(display), byref(above), byref(above), byref(children), byref(count))
    for window in children[: count.value]:
        name = c_char_p()
        if x.XFetchName(display, window, byref(name)) and (name.value or b"").startswith(title.encode()):
            message = ClientMessage(type=CLIENT_MESSAGE, window=window, format=32)
            message.message_type = x.XInternAtom(display, b"WM_PROTOCOLS", 0)
            message.data[0] = x.XInternAtom(display, b"WM_DELETE_WINDOW", 0)
            x.XSendEvent(display, window, 0, 0, byref(message))
            break
    else:
        raise AssertionError(f"no window {title!r}")
    x.XCloseDisplay(display)
