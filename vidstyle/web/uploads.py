"""Forms with files, written to disk as they come in: whatever is too large or too slow is stopped on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import anyio
import anyio.to_thread
from fastapi import HTTPException, Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from .kinds import ending_of, shown_name

__all__ = ["Form", "Sent", "receive_form"]

MOST_FIELDS = 20
LONGEST_FIELD = 4096
OVERHEAD = 64 * 1024
"""Bytes of a form beside its files."""
STALL = 30
"""Seconds without a byte after which an upload is given up."""


@dataclass(frozen=True)
class Sent:
    """A file that came in."""

    path: Path
    name: str
    """As its owner calls it; for showing."""
    size: int


@dataclass
class Form:
    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, Sent] = field(default_factory=dict)


async def receive_form(request: Request, folder: Path, files: Mapping[str, int], seconds: float) -> Form:
    """Read a multipart form.

    files: the parts that are files, and how large each may be; they are called by the part's name in `folder`, with
    the ending of what was sent where it is a known one. HTTPException for a form that is broken, too large (413) or
    too slow (408).
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 0 < len(boundary) <= 200:
        raise HTTPException(415, "send a form: multipart/form-data with a boundary")
    most = sum(files.values()) + OVERHEAD
    length = request.headers.get("content-length", "")
    if length.isdigit() and len(length) < 20 and int(length) > most:
        raise HTTPException(413, f"too large: all together may have {most / 1e6:,.0f} MB")
    reader = _Reader(boundary, folder, files)
    chunks = request.stream()
    try:
        with anyio.fail_after(seconds):
            while True:
                with anyio.fail_after(STALL):
                    chunk = await anext(chunks, None)
                if chunk is None:
                    break
                await anyio.to_thread.run_sync(reader.feed, chunk)
        return reader.finish()
    except TimeoutError:
        raise HTTPException(408, "the upload was too slow, or stopped; try again") from None
    except ClientDisconnect:
        raise HTTPException(400, "the upload broke off") from None
    except FormParserError:
        raise HTTPException(400, "the form is broken; send multipart/form-data") from None
    except OSError as error:
        raise HTTPException(507, f"the upload could not be stored: {error.strerror}") from None
    finally:
        reader.close()


class _Reader:
    """Takes a form's bytes, keeps its fields, writes its files."""

    def __init__(self, boundary: bytes, folder: Path, files: Mapping[str, int]) -> None:
        self.form = Form()
        self._folder, self._limits = folder, files
        self._ended = False
        self._header, self._value = bytearray(), bytearray()
        self._headers: dict[str, bytes] = {}
        self._name, self._given = "", ""
        self._text: bytearray | None = None
        self._file: IO[bytes] | None = None
        self._path = folder
        self._size = 0
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                "on_header_end": self._header_end,
                "on_headers_finished": self._open,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_end": self._all,
            },
        )

    def feed(self, chunk: bytes) -> None:
        if chunk:
            self._parser.write(chunk)

    def finish(self) -> Form:
        self._parser.finalize()
        if not self._ended:
            raise HTTPException(400, "the form is not complete")
        return self.form

    def close(self) -> None:
        if self._file:
            self._file.close()

    def _begin(self) -> None:
        self._headers = {}

    def _header_end(self) -> None:
        self._headers[self._header.decode("latin-1").lower()] = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _open(self) -> None:
        _, options = parse_options_header(self._headers.get("content-disposition", b""))
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        self._size = 0
        if self._name in self.form.fields or self._name in self.form.files:
            raise HTTPException(422, f"{self._name!r:.60} was given twice")
        if len(self.form.fields) >= MOST_FIELDS:
            raise HTTPException(413, "too many fields")
        name = next((known for known in self._limits if known == self._name), None)
        if name is None and b"filename" not in options:
            self._text = bytearray()
            return
        self._given = options.get(b"filename", b"").decode("utf-8", "replace")
        if name is None:
            raise HTTPException(422, f"{self._name!r:.60} is no file of this form; it has: {', '.join(self._limits)}")
        # The path is made of words of ours alone.
        self._path = self._folder / f"{name}{ending_of(self._given)}"
        self._file = self._path.open("xb")

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._size += end - start
        if self._file:
            limit = self._limits[self._name]
            if self._size > limit:
                raise HTTPException(413, f"the {self._name} is too large; it may have {limit / 1e6:,.0f} MB")
            self._file.write(memoryview(data)[start:end])
        elif self._text is not None:
            if self._size > LONGEST_FIELD:
                raise HTTPException(413, f"{self._name!r:.60} is too long")
            self._text += data[start:end]

    def _end(self) -> None:
        if self._file:
            self._file.close()
            self._file = None
            self.form.files[self._name] = Sent(self._path, shown_name(self._given), self._size)
        elif self._text is not None:
            self.form.fields[self._name] = self._text.decode("utf-8", "replace")
            self._text = None

    def _all(self) -> None:
        self._ended = True
