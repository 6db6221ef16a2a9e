"""The frame server: one loop that listens, answers and paints.

A frame that is left as it is, is answered at once. Those to be painted are painted in place, as many at a time as pays,
and between two paintings the loop listens. What takes long, reading a style or compiling for a new size, is done aside.
"""

from __future__ import annotations

import os
import selectors
import socket
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path

from vidstyle.aside import Aside
from vidstyle.errors import VidstyleError
from vidstyle.stylizers import Stylizer
from vidstyle.temporal.cuts import load_detector

from . import protocol
from .brush import Brush
from .client_styles import ClientStyles
from .clip import Clip, Job
from .connection import Connection
from .lately import Lately
from .protocol import Ask, Done, Header, Message, Refusal
from .readiness import Readiness
from .settings import changed
from .slots import Slots

__all__ = ["CONNECTIONS", "FrameServer"]

CONNECTIONS = 256
GREETING = 10.0
"""Seconds that a client may take to say who it is and to share its memory; until then it only keeps others out."""


class FrameServer:
    """Serves frames to the clients of a listening socket, from when `run` is called.

    folders: where clients may take style pictures from. max_pixels: of a frame. connections: clients at once. greeting:
    seconds until a client must have opened its memory. lately: sizes that may be wanted again. together: see `Brush`.
    log: receives a line for everything that happens to connections.
    """

    def __init__(
        self,
        stylizer: Stylizer,
        listener: socket.socket,
        folders: Iterable[Path] = (),
        *,
        max_pixels: int = protocol.MAX_PIXELS,
        connections: int = CONNECTIONS,
        greeting: float = GREETING,
        lately: Lately | None = None,
        together: bool | None = None,
        log: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.painted = self.passed = 0
        """Frames so far."""
        self.connections: set[Connection] = set()
        self._strangers: set[Connection] = set()
        """Those that have opened no memory yet."""
        self._name, self._max_pixels, self._most, self._log = stylizer.name, max_pixels, connections, log
        self._greeting = greeting
        self._brush = Brush(stylizer, together)
        self._styles = ClientStyles(stylizer, folders)
        # A model with a style in its weights needs no other.
        self._own = stylizer.encode_style(None) if stylizer.fixed_style else None
        self._clips: dict[object, Clip] = {}
        self._stopped = False
        self._idle_since = time.monotonic()
        self._listener = listener
        self._ends, self._wakes = socket.socketpair()
        self._ends.setblocking(False)
        self._wakes.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._ends, selectors.EVENT_READ, self._woken)
        self._aside = Aside(self._wake)
        self._readiness = Readiness(self._brush, self._styles.any, self._aside, lately)

    def stop(self) -> None:
        """End `run` soon; for any thread, and for signal handlers."""
        self._stopped = True
        self._wake()

    def run(self, idle_exit: float | None = None) -> None:
        """Serve until stopped, or until nobody has been connected for so many seconds. Once."""
        try:
            self._aside.ask(load_detector)
            self._guess()
            while not self._stopped:
                wait, ends = self._patience(), False
                if idle_exit is not None and not self.connections:
                    wait = max(0.0, self._idle_since + idle_exit - time.monotonic())
                    ends = wait == 0
                ready = self._selector.select(wait)
                # However long starting took: whoever has come by now is served.
                if ends and not ready:
                    return
                for key, _ in ready:
                    key.data()
                if self._strangers:
                    self._see_off()
                if jobs := self._turns():
                    self._paint(self._brush.choose(jobs))
        finally:
            self._close()

    def _turns(self) -> list[Job]:
        """The frames that may be painted now, one of a clip."""
        now = time.monotonic()
        return [job for clip in self._clips.values() if (job := clip.turn(now))]

    def _patience(self) -> float | None:
        """Seconds until there may be one, or a stranger has to go, if nobody says anything; None for never."""
        if self._turns():
            return 0
        deadlines = [deadline for clip in self._clips.values() if (deadline := clip.deadline()) is not None]
        deadlines += [stranger.since + self._greeting for stranger in self._strangers if not stranger.waits]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _paint(self, jobs: Sequence[Job]) -> None:
        try:
            self._brush.paint(jobs)
            failure = ""
        except Exception as error:
            if len(jobs) > 1:
                for job in jobs:
                    self._paint([job])
                return
            failure = _line(error)
        for job in jobs:
            self._finish(job, failure)
            self._advance(job.connection)

    def _finish(self, job: Job, failure: str) -> None:
        """Answer; with a note, where it could not be painted."""
        connection = job.connection
        job.clip.jobs.remove(job)
        connection.job = None
        if failure:
            connection.note(failure)
        elif connection.slots:
            try:
                connection.slots.write(job.slot, job.pixels)
            except Refusal as refusal:
                self._refuse(connection, refusal)
                return
        self.painted += not failure
        done = Done(0) if failure else Done.PAINTED
        connection.send(protocol.message(Message.DONE, b"", job.slot, done, job.number))

    def _wake(self) -> None:
        # Where it is awake already there may be no room, and where it has ended there is no socket.
        with suppress(OSError):
            self._wakes.send(b"\0")

    def _woken(self) -> None:
        with suppress(BlockingIOError):
            self._ends.recv(4096)
        for connection in list(self.connections):
            if connection.resume():
                self._advance(connection)
        self._guess()

    def _accept(self) -> None:
        try:
            connection = Connection(self._listener.accept()[0])
        except OSError:
            return  # it has gone again
        why = ""
        if connection.user != os.getuid():
            why = "the engine is another user's"
        elif len(self.connections) >= self._most:
            why = f"the engine has {self._most} clients already"
        if why:
            connection.send(protocol.text_message(Message.REFUSED, why))
            connection.close()
            return
        self.connections.add(connection)
        self._strangers.add(connection)
        self._listen(connection)

    def _see_off(self) -> None:
        """End the connections of those who do not say what they want."""
        latest = time.monotonic() - self._greeting
        for stranger in [s for s in self._strangers if s.since < latest and not s.waits]:
            missing = "OPEN" if stranger.host else "HELLO"
            self._refuse(stranger, Refusal(f"no {missing} came within {self._greeting:g} seconds"))

    def _listen(self, connection: Connection) -> None:
        """Hear of what the client sends, where it is to be read, and of room, where there is something to be sent."""
        events = connection.reads * selectors.EVENT_READ | connection.writes * selectors.EVENT_WRITE
        key = self._selector.get_map().get(connection.socket)
        if key is None:
            if events:
                self._selector.register(connection.socket, events, partial(self._ready, connection))
        elif not events:
            self._selector.unregister(connection.socket)
        elif key.events != events:
            self._selector.modify(connection.socket, events, key.data)

    def _ready(self, connection: Connection) -> None:
        """Something has come from a client, or there is room again."""
        if connection not in self.connections:
            return
        connection.flush()
        try:
            if connection.reads and not connection.receive():
                self._drop(connection)
                return
        except Refusal as refusal:
            self._refuse(connection, refusal)
            return
        self._advance(connection)

    def _advance(self, connection: Connection) -> None:
        """Do what a client asks for, until something has to be waited for."""
        if connection not in self.connections:
            return
        try:
            while taken := connection.take():
                self._handle(connection, *taken)
        except Refusal as refusal:
            self._refuse(connection, refusal)
            return
        self._listen(connection)

    def _handle(self, connection: Connection, header: Header, body: bytes) -> None:
        if header.type == Message.HELLO:
            self._hello(connection, body)
        elif not connection.host:
            raise Refusal(f"{header.type.name} came before HELLO")
        elif header.type == Message.SET:
            self._set(connection, body)
        elif header.type == Message.OPEN:
            self._open(connection, body)
        else:
            self._frame(connection, header)

    def _hello(self, connection: Connection, body: bytes) -> None:
        if connection.host:
            raise Refusal("HELLO came twice")
        connection.host = protocol.read_hello(body)
        connection.code = self._own
        self._log(f"{connection.host} has connected; {len(self.connections)} in all")
        connection.send(protocol.welcome(self._name, self._max_pixels))

    def _set(self, connection: Connection, body: bytes) -> None:
        before = connection.settings
        connection.settings, notes = changed(before, body)
        for note in notes:
            connection.note(note)
        style = connection.settings.style
        if not style:
            connection.code = self._own
        elif style != before.style or connection.code is None:
            read = self._aside.ask(partial(self._styles.code, style))
            connection.wait(read, partial(self._styled, connection), own=True)

    def _styled(self, connection: Connection, style: Future) -> None:
        if error := style.exception():
            connection.note(_line(error))
        connection.code = None if error else style.result()

    def _open(self, connection: Connection, body: bytes) -> None:
        descriptor = connection.take_descriptor()
        try:
            opening = protocol.read_open(body, self._max_pixels)
            slots = Slots(descriptor, opening)
        finally:
            os.close(descriptor)
        if connection.slots:
            connection.slots.close()
        connection.slots = slots
        self._strangers.discard(connection)
        self._join(connection, opening.clip or connection)
        connection.send(protocol.message(Message.OPENED))
        self._readiness.expect(opening.layout.dimensions)
        self._guess()

    def _frame(self, connection: Connection, header: Header) -> None:
        slots, clip, code, settings = connection.slots, connection.clip, connection.code, connection.settings
        if slots is None or clip is None:
            raise Refusal("FRAME came before OPEN")
        if header.slot >= len(slots):
            raise Refusal(f"FRAME of slot {header.slot}; there are {len(slots)}")
        reset = bool(header.flags & Ask.RESET)
        if code is None or settings.strength == 0:
            clip.goes_on(header.number, reset)
            self.passed += 1
            connection.send(protocol.message(Message.DONE, b"", header.slot, 0, header.number))
            return
        pixels = slots.read(header.slot)
        job = Job(connection, clip, slots.layout, pixels, code, settings, header.slot, header.number, reset)
        connection.job = job
        prepared = self._readiness.wanted(job.layout.dimensions, code)
        if prepared.done():
            self._queue(job, prepared)
        else:
            connection.wait(prepared, partial(self._queue, job), own=False)

    def _queue(self, job: Job, prepared: Future) -> None:
        job.clip.jobs.append(job)
        if error := prepared.exception():
            self._readiness.failed(job.layout.dimensions)
            self._finish(job, _line(error))

    def _guess(self) -> None:
        """Make ready for a size that may be wanted, where nobody waits for something that is."""
        if not any(connection.waits for connection in self.connections):
            self._readiness.guess()

    def _join(self, connection: Connection, key: object) -> None:
        """The clip of that key, if it is not there already."""
        if connection.clip and connection.clip.key == key:
            return
        self._leave(connection)
        connection.clip = self._clips.setdefault(key, Clip(key))
        connection.clip.members.add(connection)

    def _leave(self, connection: Connection) -> None:
        """Its clip goes on with the other members."""
        clip = connection.clip
        if clip is None:
            return
        clip.members.discard(connection)
        clip.jobs = [job for job in clip.jobs if job.connection is not connection]
        if not clip.members:
            del self._clips[clip.key]
        connection.clip = connection.job = None

    def _refuse(self, connection: Connection, refusal: Refusal) -> None:
        self._log(f"{connection.host or 'a client'} was refused: {refusal}")
        connection.send(protocol.text_message(Message.REFUSED, str(refusal)))
        self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        self.connections.discard(connection)
        self._strangers.discard(connection)
        self._leave(connection)
        if connection.socket in self._selector.get_map():
            self._selector.unregister(connection.socket)
        connection.close()
        self._idle_since = time.monotonic()
        if connection.host:
            self._log(f"{connection.host} has gone; {len(self.connections)} in all")

    def _close(self) -> None:
        for connection in list(self.connections):
            self._drop(connection)
        self._aside.close()
        self._selector.close()
        self._ends.close()
        self._wakes.close()


def _line(error: BaseException) -> str:
    """For the client's user; what is no mistake of theirs is shown to who runs the engine."""
    if isinstance(error, VidstyleError):
        return str(error)
    with suppress(OSError):
        traceback.print_exception(error)
    return f"the engine failed: {type(error).__name__}: {error}"
