"""OBS under a screen of its own (Xvfb), told what to do through its websocket (obs-websocket 5, protocol.md)."""

from __future__ import annotations

import base64
import configparser
import json
import os
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np
from ports import free_port

from .x_window import Screen, close_window

PATIENCE = 60.0  # seconds for anything that OBS is waited for


class Websocket:
    """As much of RFC 6455 as obs-websocket needs: text messages, ours masked."""

    def __init__(self, port: int) -> None:
        self.connection = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.stream = self.connection.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        self.connection.sendall(
            f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        assert b" 101 " in self.stream.readline()
        while self.stream.readline().strip():
            pass

    def send(self, message: dict[str, Any]) -> None:
        data, mask = json.dumps(message).encode(), os.urandom(4)
        short = len(data) < 126
        head = bytes([0x81, 0x80 | (len(data) if short else 126)]) + (b"" if short else struct.pack(">H", len(data)))
        self.connection.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))

    def receive(self) -> dict[str, Any]:
        data, final = b"", False
        while not final:
            first, size = self.stream.read(2)
            if size >= 126:
                (size,) = struct.unpack(*((">H", self.stream.read(2)) if size == 126 else (">Q", self.stream.read(8))))
            data, final = data + self.stream.read(size), bool(first & 0x80)
            assert first & 0x0F != 8, f"OBS hangs up: {data!r}"
        return json.loads(data)

    def close(self) -> None:
        self.stream.close()
        self.connection.close()


def configure(home: Path, port: int, source: dict[str, Any], size: tuple[int, int], fps: int) -> None:
    """A profile and a scene with one source, "source", that fills the canvas."""
    base = home / ".config/obs-studio"
    profile, scenes = base / "basic/profiles/test", base / "basic/scenes"
    profile.mkdir(parents=True)
    scenes.mkdir(parents=True)

    def write(path: Path, sections: dict[str, dict[str, Any]]) -> None:
        parser = configparser.ConfigParser()
        parser.optionxform = str  # type: ignore[assignment, method-assign]
        parser.read_dict(sections)
        with path.open("w") as file:
            parser.write(file, space_around_delimiters=False)

    write(
        base / "global.ini",
        {
            "General": {
                "FirstRun": "true",
                "LastVersion": 486539266,
                "EnableAutoUpdates": "false",
                "ConfirmOnExit": "false",
            },
            "Basic": {
                "Profile": "test",
                "ProfileDir": "test",
                "SceneCollection": "test",
                "SceneCollectionFile": "test",
            },
            "BasicWindow": {"SysTrayEnabled": "false", "PreviewEnabled": "false"},
            "OBSWebSocket": {
                "FirstLoad": "false",
                "ServerEnabled": "true",
                "ServerPort": port,
                "AuthRequired": "false",
            },
        },
    )
    width, height = size
    write(
        profile / "basic.ini",
        {
            "General": {"Name": "test"},
            "Output": {"Mode": "Simple"},
            "SimpleOutput": {"FilePath": home, "RecFormat": "mkv", "RecQuality": "HQ", "RecEncoder": "x264"},
            "Video": {
                "BaseCX": width,
                "BaseCY": height,
                "OutputCX": width,
                "OutputCY": height,
                "FPSType": 1,
                "FPSInt": fps,
            },
        },
    )
    item = {
        "name": "source",
        "id": 1,
        "visible": True,
        "align": 5,
        "pos": {"x": 0.0, "y": 0.0},
        "scale": {"x": 1.0, "y": 1.0},
        "bounds": {"x": float(width), "y": float(height)},
        "bounds_type": 2,
    }
    scene = {"id": "scene", "name": "Scene", "settings": {"id_counter": 1, "items": [item]}}
    collection = {
        "name": "test",
        "current_scene": "Scene",
        "current_program_scene": "Scene",
        "scene_order": [{"name": "Scene"}],
        "sources": [{"name": "source", **source}, scene],
    }
    (scenes / "test.json").write_text(json.dumps(collection))


class Obs:
    """OBS with `source`, {"id": …, "settings": …, "filters": […]}, in its scene.

    home: holds the plugin and gets the recordings.
    """

    def __init__(self, home: Path, source: dict[str, Any], size: tuple[int, int] = (640, 360), fps: int = 30) -> None:
        self.lines: list[str] = []
        self.news = threading.Condition()
        port = free_port()
        configure(home, port, source, size, fps)
        self.screen = Screen()
        self.environment = self.screen.environment(home)
        self.process = subprocess.Popen(
            ["obs", "--multi", "--collection", "test", "--profile", "test", "--scene", "Scene", "--verbose"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=self.environment,
        )
        threading.Thread(target=self._listen, daemon=True).start()
        try:
            self.wait_for_line("[WebSocketServer::Start] Server started successfully")
            self.websocket = Websocket(port)
            assert self.websocket.receive()["op"] == 0
            self.websocket.send({"op": 1, "d": {"rpcVersion": 1, "eventSubscriptions": 0}})
            assert self.websocket.receive()["op"] == 2
        except BaseException:
            self.process.kill()
            self.screen.close()
            raise

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self.news:
                self.lines.append(line.rstrip("\n"))
                self.news.notify_all()

    def wait_for_line(self, text: str, after: int = 0) -> str:
        """The first line of the log that has `text`, from line `after` on."""

        def found() -> str | None:
            return next((line for line in self.lines[after:] if text in line), None)

        with self.news:
            line = self.news.wait_for(found, PATIENCE)
        assert line, f"no {text!r} in\n" + "\n".join(self.lines[-40:])
        return line

    def __call__(self, request: str, **data: Any) -> dict[str, Any]:
        """Ask OBS for something and give its answer."""
        self.websocket.send({"op": 6, "d": {"requestType": request, "requestId": "1", "requestData": data}})
        answer = self.websocket.receive()["d"]
        assert answer["requestStatus"]["result"], answer
        return answer.get("responseData") or {}

    def picture(self, source: str = "source", **size: int) -> np.ndarray:
        """What a source shows now, filters included: (H, W, 4) uint8 RGBA."""
        answer = self("GetSourceScreenshot", sourceName=source, imageFormat="png", **size)
        data = np.frombuffer(base64.b64decode(answer["imageData"].split(",", 1)[1]), np.uint8)
        return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA)

    def wait_for_picture(self, is_it: Callable[[np.ndarray], bool]) -> np.ndarray:
        """Look until the source shows what `is_it` takes."""
        end = time.monotonic() + PATIENCE
        while not is_it(picture := self.picture()):
            assert time.monotonic() < end, "the picture does not come; " + "\n".join(self.lines[-10:])
        return picture

    def set_filter(self, name: str = "painter", **settings: Any) -> None:
        self("SetSourceFilterSettings", sourceName="source", filterName=name, filterSettings=settings)

    def recorded(self) -> float:
        """Seconds of the recording so far."""
        return self("GetRecordStatus")["outputDuration"] / 1000

    def start_recording(self) -> None:
        self("StartRecord")
        self.wait_for_line("==== Recording Start")

    def stop_recording(self) -> Path:
        path = self("StopRecord")["outputPath"]
        self.wait_for_line("==== Recording Stop")
        return Path(path)

    def __enter__(self) -> Obs:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close OBS's window; it must end well. (On SIGINT OBS 29 closes in the signal's handler and may lock up.)"""
        self.websocket.close()
        try:
            if error is None:
                close_window(self.screen.display, "OBS ")
                assert self.process.wait(PATIENCE) == 0, "\n".join(self.lines[-40:])
        finally:
            self.process.kill()
            self.process.wait()
            self.screen.close()
