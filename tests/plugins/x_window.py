"""Close a program's window as its user would: WM_DELETE_WINDOW (ICCCM 4.2.8.1), sent by Xlib."""

from __future__ import annotations

import ctypes
import ctypes.util
from ctypes import POINTER, byref, c_char_p, c_int, c_long, c_uint, c_ulong, c_void_p

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


def close_window(display_name: str, title: str) -> None:
    """Ask the first window whose name begins with `title`; without a window manager it is a child of the root."""
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
