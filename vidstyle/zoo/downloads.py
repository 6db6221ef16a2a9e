"""Models that are not in the package: fetched once, checked, and kept in the user's folder."""

from __future__ import annotations

import hashlib
import http.client
import re
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from urllib.error import URLError
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

from vidstyle.errors import ModelError
from vidstyle.staging import StagedFile, output_error

from .checkpoint import MAX_BYTES
from .models import ASSETS, fetched, load, read_card
from .releases import RELEASES, Release

__all__ = ["download"]

CHUNK = 1 << 20
TIMEOUT = 30.0
"""Seconds without an answer after which a server is given up."""


def download(
    name_or_url: str,
    sha256: str = "",
    *,
    overwrite: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Fetch a released model by its name, or any model with a card by its URL; returns the file.

    It then loads by its name, the last part of the URL without ".safetensors". sha256: what the file must have, in
    hex; without it only https is trusted. `on_progress` receives the bytes so far and in all (0 where unknown).
    ModelError, and nothing kept, for what cannot be had, is not what was asked for, or does not load.
    """
    release = RELEASES.get(name_or_url) or Release(_checked(name_or_url, sha256), sha256.strip().lower())
    target = fetched() / _file_name(release.url)
    if (ASSETS / target.name).exists():
        raise ModelError(f"{target.stem} is built in; a model fetched under that name would never be used")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(target.parent, error) from None
    with StagedFile(target, overwrite) as file:
        found = _fetch(release.url, file.path, on_progress, anywhere=bool(release.sha256))
        if release.sha256 and found != release.sha256:
            raise ModelError(f"{release.url} is not what it should be: its sha256 is {found}, not {release.sha256}")
        _check(file.path, release.url)
    return target


def _checked(url: str, sha256: str) -> str:
    try:
        parts = urlsplit(url)
        scheme, host = parts.scheme, parts.hostname
    except ValueError:
        scheme, host = "", None
    if scheme not in ("https", "http") or not host:
        known = ", ".join(sorted(RELEASES)) or "none so far"
        raise ModelError(f"{url!r} is no released model ({known}) and no https address")
    if sha256 and not re.fullmatch(r"[0-9a-fA-F]{64}", sha256.strip()):
        raise ModelError("a sha256 is 64 hexadecimal digits")
    if scheme == "http" and not sha256:
        raise ModelError("what comes over http may have been changed on its way; give its --sha256, or use https")
    return url


def _file_name(url: str) -> str:
    name = unquote(urlsplit(url).path).rpartition("/")[2]
    if not re.fullmatch(r"\w[\w.-]{0,99}\.safetensors", name):
        raise ModelError(f"{url} does not end with the name of a .safetensors file, which a model with a card is")
    return name


def _fetch(url: str, path: Path, on_progress: Callable[[int, int], None] | None, anywhere: bool) -> str:
    """Write what the address has to say into a file; returns its sha256. anywhere: a redirection may lead to http."""
    try:
        with urlopen(Request(url, headers={"User-Agent": "vidstyle"}), timeout=TIMEOUT) as answer:
            if not anywhere and urlsplit(answer.url).scheme != "https":
                raise ModelError(f"{url} leads to {answer.url}, which may be changed on its way; give its --sha256")
            total = int(answer.headers.get("Content-Length") or 0)
            with path.open("wb") as file:
                digest = _copy(answer, file, total, on_progress)
    except (URLError, http.client.HTTPException, TimeoutError, ConnectionError, ValueError) as error:
        reason = " ".join(str(getattr(error, "reason", None) or error).split()) or type(error).__name__
        code = f"{error.code} " if hasattr(error, "code") else ""
        raise ModelError(f"{url} cannot be fetched: {code}{reason}") from None
    return digest


def _copy(answer: BinaryIO, file: BinaryIO, total: int, on_progress: Callable[[int, int], None] | None) -> str:
    digest, size = hashlib.sha256(), 0
    while chunk := answer.read(CHUNK):
        size += len(chunk)
        if size > MAX_BYTES:
            raise ModelError(f"more than {MAX_BYTES / 1024**3:.3g} GB came; no model that vidstyle knows is that large")
        file.write(chunk)
        digest.update(chunk)
        if on_progress:
            on_progress(size, total)
    if total and size != total:
        raise ConnectionError(f"it broke off after {size:,} of {total:,} bytes")
    return digest.hexdigest()


def _check(path: Path, url: str) -> None:
    """What is kept must load and say what it is."""
    try:
        load(path)
        read_card(path)
    except ModelError as error:
        reason = str(error).replace(str(path), "it")
        raise ModelError(f"{url} is no model with a card: {reason}") from None
