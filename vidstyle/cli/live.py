"""`vidstyle live`: video painted as it happens."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Annotated, Any

import typer
from rich.live import Live
from rich.text import Text

from vidstyle.errors import OptionError, OutputError

from .keys import keys
from .options import OUTPUT, PICTURE, Device, KeepColor, MaxPixels, Model, Precision, Runtime, Strength, Styles
from .terminal import Interrupted, errors, note, print_json

__all__ = ["live"]

EVERY = 1.0
"""Seconds from one line for machines to the next."""
SHOWN = 0.25
"""Seconds from one status line to the next."""


def live(
    source: Annotated[
        str,
        typer.Argument(
            help="webcam[:N], screen, rtmp://…, rtsp://…, udp://…, http(s)://… (MPEG-TS, HLS, MJPEG), a file, or test:"
        ),
    ],
    style: Styles = None,
    to: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SINK",
            help="window, camera[:DEVICE], mjpeg:[HOST:]PORT, rtmp://…, udp://…, https://… (WHIP), a playlist (.m3u8) "
            "or a recording (.mkv, .mp4); repeat for several. Default: window.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    model: Model = "brisk",
    strength: Strength = 1.0,
    keep_color: KeepColor = False,
    temporal: Annotated[str, typer.Option(help="Steadiness: off or fast.", rich_help_panel=PICTURE)] = "fast",
    max_side: Annotated[
        int | None,
        typer.Option(
            help="Longest side at which the net paints; what is shown keeps the source's size.", rich_help_panel=PICTURE
        ),
    ] = None,
    adaptive: Annotated[
        bool,
        typer.Option("--adaptive", help="Paint at a smaller size while --fps cannot be held.", rich_help_panel=PICTURE),
    ] = False,
    fps: Annotated[float, typer.Option(help="Frames a second that --adaptive holds.", rich_help_panel=PICTURE)] = 25.0,
    control: Annotated[
        str | None,
        typer.Option(
            metavar="[HOST:]PORT", help="Answer HTTP: /status, /controls, /picture.jpg, /stop.", rich_help_panel=OUTPUT
        ),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="VIDSTYLE_TOKEN",
            help="Needed where --control or mjpeg: listen to other machines; requests bring it along.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option("--for", metavar="SECONDS", help="End after so long.", rich_help_panel=OUTPUT)
    ] = None,
    device: Device = "auto",
    precision: Precision = "auto",
    runtime: Runtime = "auto",
    max_pixels: MaxPixels = 64_000_000,
    json: Annotated[
        bool, typer.Option("--json", help="A line of JSON every second, on standard output.", rich_help_panel=OUTPUT)
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No status line, no notes.", rich_help_panel=OUTPUT)
    ] = False,
) -> None:
    """Paint live video: what comes is painted at once, and what comes too fast is dropped and counted.

    vidstyle live webcam --style waves
    vidstyle live rtmp://localhost/live/in --style ink --to rtmp://localhost/live/out --to evening.mkv

    \b
    Keys: +/- strength, n next style, t steadiness, c colours, s snapshot, q quit.
    """
    if not 1 <= fps <= 240:
        raise OptionError(f"--fps {fps} makes no sense; give 1 to 240")

    def on_note(text: str) -> None:
        if not quiet:
            note(text)

    # Before anything that takes long: mistakes in names are told at once.
    from vidstyle.live.controls import Controls
    from vidstyle.live.sources import parse_source
    from vidstyle.styles import parse_style

    given = [parse_style(argument) for argument in style or []]
    controls = Controls(given, strength=strength, temporal=temporal, keep_color=keep_color, max_side=max_side)
    _, opening, again = parse_source(source, max_pixels)

    from vidstyle.live import LivePainter
    from vidstyle.live.api import open_api
    from vidstyle.live.door import place
    from vidstyle.live.session import Session
    from vidstyle.live.sinks import parse_sink
    from vidstyle.live.status import Status
    from vidstyle.live.steering import KEYS, Steering
    from vidstyle.stylizers import Stylizer

    steering: Steering | None = None

    def press(key: str) -> None:
        if steering is not None:
            steering.key(key)

    _apart([source, *(to or [])])
    sinks = [parse_sink(text, token=token, on_key=press) for text in to or ["window"]]
    at = place(control) if control else None
    stylizer = Stylizer(model, device, precision, runtime, on_note)
    if stylizer.fixed_style and given:
        raise OptionError(f"{stylizer.name} paints in no style but its own; leave --style away")
    painter = LivePainter(stylizer, controls, adaptive=adaptive, fps=fps, note=on_note)
    session = Session(opening, painter, sinks, again=again, note=on_note)
    steering = Steering(
        controls, lambda: session.last, numbered=stylizer.net.styles, fixed=stylizer.fixed_style, note=on_note
    )
    status = Status(session)
    with ExitStack() as stack:
        if at:
            door = open_api(*at, token, steering, status)
            stack.callback(door.close)
            on_note(f"control it at {door.address}/status")
        session.start()
        stack.callback(session.stop)
        board = stack.enter_context(keys(press))
        shown = errors.is_terminal and not quiet and not json
        line = stack.enter_context(Live(console=errors, transient=True, auto_refresh=False)) if shown else None
        _watch(session, steering.quit, status, seconds, json, line, KEYS if board else "")
    end = status()
    if json:
        print_json({"event": "end", **end})
    elif not quiet:
        errors.print(_summary(end))
    if session.error is not None:
        raise session.error
    failed = [outlet.failed for outlet in session.outlets if outlet.failed]
    if failed:
        raise OutputError("; ".join(failed))


def _apart(places: list[str]) -> None:
    """OptionError where a sink is the source, or another sink."""
    seen = [text if "://" in text else os.path.realpath(text) for text in places]
    twice = next((text for text, place in zip(places, seen, strict=True) if seen.count(place) > 1), None)
    if twice:
        from vidstyle.media.addresses import plain

        name = plain(twice) if "://" in twice else twice
        raise OptionError(f"{name} is named twice; the source and every sink need a place of their own")


def _watch(
    session: Any,
    quit: Any,
    status: Callable[[], dict[str, Any]],
    seconds: float | None,
    json: bool,
    line: Live | None,
    keys: str,
) -> None:
    """Until it ends, is told to, or every sink has failed."""
    began = told = time.monotonic()
    try:
        while not session.ended.wait(SHOWN if line or not json else 0.1):
            now = time.monotonic()
            if quit.is_set() or (seconds is not None and now - began >= seconds):
                return
            if all(outlet.failed for outlet in session.outlets):
                return
            if line:
                line.update(_line(status(), keys), refresh=True)
            if json and now - told >= EVERY:
                told += EVERY
                print_json({"event": "status", **status()})
    except Interrupted:
        return


def _line(now: dict[str, Any], keys: str) -> Text:
    look = now["look"]
    styles = " + ".join(name.rpartition("/")[2] for name, _ in look["styles"]) or "own style"
    text = Text()
    text.append(f"{now['fps_in']:5.1f} in  {now['fps_out']:5.1f} out", "bold cyan")
    if now["latency_ms"]:
        text.append(f"  {now['latency_ms']['p50']:.0f}/{now['latency_ms']['p95']:.0f} ms")
    text.append(f"  {now['dropped']} dropped", "yellow" if now["dropped"] else "")
    text.append(
        f"  cpu {100 * now['cpu']:.0f} %" + (f"  gpu {100 * now['gpu']:.0f} %" if now["gpu"] is not None else "")
    )
    if not now["source_up"]:
        text.append("  source gone", "bold red")
    text.append(f"\n{styles}  strength {look['strength']:g}  {look['temporal']}")
    text.append("  " + "×".join(map(str, now["painted_at"])))
    for sink in now["sinks"]:
        state = "failed" if sink["failed"] else "" if sink["up"] else "away"
        lost = f"  {sink['dropped']} dropped" if sink["dropped"] else ""
        text.append(f"\n→ {sink['name']}")
        text.append(f"{lost}  {state}", "red" if state else "yellow")
    return text.append(f"\n{keys}", "dim") if keys else text


def _summary(end: dict[str, Any]) -> str:
    lost = sum(sink["dropped"] for sink in end["sinks"])
    return (
        f"{end['seconds']:.0f} s: {end['came']} frames came, {end['painted'] + end['repeated'] + end['passed']} were "
        f"painted, {end['dropped']} dropped for want of time, {lost} by sinks"
    )
