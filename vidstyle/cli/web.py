"""`vidstyle web`: a page where a video, or the webcam, is painted."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path
from typing import Annotated

import typer

from vidstyle.errors import MissingExtra, OptionError

from .terminal import out

__all__ = ["web"]


def web(
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where to listen; others than localhost need a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 for any that is free.")] = 8420,
    token: Annotated[
        str | None,
        typer.Option(envvar="VIDSTYLE_TOKEN", help="Whoever gives it may come in; default: a new one, where needed."),
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Another name that the page is reached by, as a proxy's.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where files are kept while it runs; default: temporary files.")
    ] = None,
    model: Annotated[str, typer.Option(metavar="NAME|FILE", help="A model's name or a checkpoint file.")] = "brisk",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    jobs: Annotated[int, typer.Option(help="Videos painted at once.")] = 1,
) -> None:
    """Serve a page where videos, or the webcam, are painted in the browser."""
    try:
        import fastapi  # noqa: F401
        import python_multipart  # noqa: F401
        import uvicorn
    except ImportError as missing:
        raise MissingExtra(missing.name or "fastapi", "web") from None
    from vidstyle.web.app import create_app
    from vidstyle.web.settings import Settings, is_loopback

    if token is None and not is_loopback(host):
        token = secrets.token_urlsafe(24)
    settings = Settings(
        host=host,
        port=port,
        token=token,
        names=tuple(name or ()),
        folder=folder,
        model=model,
        device=device,
        jobs=jobs,
    )
    app = create_app(settings)
    with _listening(host, port) as listener:
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{listener.getsockname()[1]}/" + (f"?token={token}" if token else "")
        out.print(f"open {address} in a browser; Ctrl-C ends it")
        # The access log would show tokens.
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, server_header=False))
        server.run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(512)
        return listener
    except OSError as error:
        raise OptionError(f"cannot listen at {host}, port {port}: {error.strerror}; choose another --port") from None
