"""The frame server: one loop that listens, answers and paints.

A frame that is left as it is, is answered at once. Of those to be painted, some are taken whenever nothing else is to
be done, painted in place, and answered; then the loop listens again.
"""

from __future__ import annotations

import os
import selectors
import socket
import struct
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from vidstyle.errors import VidstyleError
from vidstyle.stylizers import Stylizer

from . import protocol
from .brush import Brush
from .clip import Clip, Job
from .connection import Connection
from .protocol import Header, Message, Refusal
from .settings import changed
from .slots import Slots
from .stylebook import Stylebook, failure

__all__ = ["FrameServer"]

MAX_PIXELS = 8192 * 4320
CONNECTIONS = 256
PEER = struct.Struct("=iII")


class FrameServer:
    """Serves frames to the clients of a listening socket.

    folders: where clients may take style pictures from. max_pixels: of a frame. log: receives a line for everything
    that happens to connections.
    """

    def __init__(
        self,
        stylizer: Stylizer,
        listener: socket.socket,
        folders: Iterable[Path] = (),
        max_pixels: int = MAX_PIXELS,
        log: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.stylizer = stylizer
        self.max_pixels = max_pixels
        self.log = log
        self.connections: set[Connection] = set()
        self._clips: dict[object, Clip] = {}
        self._brush = Brush(stylizer)
        self._listener = listener
        self._ends, self._wakes = socket.socketpair()
        for end in (self._ends, self._wakes):
            end.setblocking(False)
        self._styles = Stylebook(stylizer, folders, self._wake)
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._ends, selectors.EVENT_READ, self._woken)
        self._stopped = False

    def stop(self) -> None:
        """End `run` soon; for any thread and for signal handlers."""
        self._stopped = True
        self._wake()

    def run(self, idle_exit: float | None = None) -> None:
        """Serve until stopped, or until nobody has been connected for so many seconds."""
        try:
            idle_since = time.monotonic()
            while not self._stopped:
                now = time.monotonic()
                idle_since = now if self.connections else idle_since
                if idle_exit is not None and now - idle_since >= idle_exit:
                    return
                jobs, wait = self._turns(now)
                if not jobs and idle_exit is not None and not self.connections:
                    wait = idle_since + idle_exit - now
                for key, _ in self._selector.select(0 if jobs else wait):
                    key.data()
                if jobs:
                    self._paint([job for job in jobs if job.connection in self.connections])
        finally:
            self._close()

    def _turns(self, now: float) -> tuple[list[Job], float | None]:
        """The frames to be painted next, and otherwise the seconds until there may be one."""
        clips = {connection.clip for connection in self.connections if connection.job and connection.clip}
        jobs = [job for clip in clips if (job := clip.turn(now))]
        if jobs:
            return [min(jobs, key=lambda job: job.since)], 0
        deadlines = [deadline for clip in clips if (deadline := clip.deadline()) is not None]
        return [], max(0.0, min(deadlines) - now) if deadlines else None

    def _paint(self, jobs: list[Job]) -> None:
        for job in jobs:
            connection = job.connection
            job.clip.jobs.remove(job)
            connection.job = None
            painted = protocol.Done.PAINTED
            try:
                self._brush.paint([job])
            except VidstyleError as error:
                painted = protocol.Done(0)
                connection.note(str(error))
            connection.send(protocol.message(Message.DONE, b"", job.slot, painted, job.number))
            self._advance(connection)

    def _wake(self) -> None:
        # Where it is awake already there is no room, and where it has ended there is no socket.
        with suppress(OSError):
            self._wakes.send(b"\0")

    def _woken(self) -> None:
        with suppress(BlockingIOError):
            self._ends.recv(4096)
        for connection in list(self.connections):
            if connection.style and connection.style.done():
                self._styled(connection, connection.style)
                self._advance(connection)

    def _styled(self, connection: Connection, style: Future) -> None:
        connection.style = None
        error = style.exception()
        connection.code = None if error else style.result()
        if error:
            connection.note(failure(error))

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:
            return
        client.setblocking(False)
        connection = Connection(client)
        _, user, _ = PEER.unpack(client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size))
        why = ""
        if user != os.getuid():
            why = "the engine is another user's"
        elif len(self.connections) >= CONNECTIONS:
            why = f"the engine has {CONNECTIONS} clients already"
        if why:
            connection.send(protocol.text_message(Message.REFUSED, why))
            connection.close()
            return
        self.connections.add(connection)
        self._selector.register(client, selectors.EVENT_READ, lambda: self._ready(connection))

    def _ready(self, connection: Connection) -> None:
        """Something can be read from or written to a client."""
        try:
            connection.flush()
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
        events = connection.reads * selectors.EVENT_READ | connection.writes * selectors.EVENT_WRITE
        key = self._selector.get_map().get(connection.socket)
        if key and not events:
            self._selector.unregister(connection.socket)
        elif key and key.events != events:
            self._selector.modify(connection.socket, events, key.data)
        elif not key and events:
            self._selector.register(connection.socket, events, lambda: self._ready(connection))

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
        self.log(f"{connection.host} has connected; {len(self.connections)} in all")
        connection.send(protocol.welcome(self.stylizer.name, self.max_pixels))

    def _set(self, connection: Connection, body: bytes) -> None:
        before = connection.settings
        connection.settings, notes = changed(before, body)
        for note in notes:
            connection.note(note)
        if not connection.settings.style:
            connection.code = None
        elif connection.settings.style != before.style or connection.code is None:
            connection.style = self._styles.ask(connection.settings.style)

    def _open(self, connection: Connection, body: bytes) -> None:
        descriptor = connection.take_descriptor()
        try:
            opening = protocol.read_open(body, self.max_pixels)
            connection.slots = Slots(descriptor, opening)
        finally:
            os.close(descriptor)
        self._leave(connection)
        connection.clip = self._clips.setdefault(opening.clip or connection, Clip())
        connection.clip.members.add(connection)
        connection.send(protocol.message(Message.OPENED))

    def _frame(self, connection: Connection, header: Header) -> None:
        slots, clip = connection.slots, connection.clip
        if slots is None or clip is None:
            raise Refusal("FRAME came before OPEN")
        if header.slot >= len(slots):
            raise Refusal(f"FRAME of slot {header.slot}; there are {len(slots)}")
        reset = bool(header.flags & protocol.Ask.RESET)
        code, settings = connection.code, connection.settings
        if code and settings.strength:
            pixels = slots[header.slot]
            job = Job(connection, clip, slots.layout, pixels, code, settings, header.slot, header.number, reset)
            connection.job = job
            clip.jobs.append(job)
        else:
            clip.passed(header.number, reset)
            connection.send(protocol.message(Message.DONE, b"", header.slot, 0, header.number))

    def _leave(self, connection: Connection) -> None:
        """Its clip goes on with the other members."""
        clip = connection.clip
        if clip is None:
            return
        clip.members.discard(connection)
        clip.jobs = [job for job in clip.jobs if job.connection is not connection]
        if not clip.members:
            self._clips = {key: other for key, other in self._clips.items() if other is not clip}
        connection.clip = connection.job = None

    def _refuse(self, connection: Connection, refusal: Refusal) -> None:
        self.log(f"{connection.host or 'a client'} was refused: {refusal}")
        connection.send(protocol.text_message(Message.REFUSED, str(refusal)))
        self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        self.connections.discard(connection)
        self._leave(connection)
        if connection.socket in self._selector.get_map():
            self._selector.unregister(connection.socket)
        connection.close()
        if connection.host:
            self.log(f"{connection.host} has gone; {len(self.connections)} in all")

    def _close(self) -> None:
        self._styles.close()
        for connection in list(self.connections):
            self._drop(connection)
        self._selector.close()
        self._ends.close()
        self._wakes.close()
