"""`vidstyle web`: a page where a video, or the webcam, is painted."""

from __future__ import annotations

import secrets
import socket
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from vidstyle.errors import MissingExtra, OptionError

from .terminal import Interrupted, out
from .times import parse_time

__all__ = ["web"]

ACCESS, LIMITS = "Who may come in", "Limits"
CONNECTIONS = 4096
"""That may be open at once; a browser has up to six."""


def web(
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Where to listen; others than this machine's own need a token.",
            rich_help_panel=ACCESS,
        ),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 for any that is free.", rich_help_panel=ACCESS)] = 8420,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="VIDSTYLE_TOKEN",
            help="Whoever has it may come in. Default: a new one where others reach the address, else none.",
            rich_help_panel=ACCESS,
        ),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Another name that the page goes by; repeatable.", rich_help_panel=ACCESS),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where files lie while it runs; default: temporary files.")
    ] = None,
    model: Annotated[str, typer.Option(metavar="NAME|FILE", help="A model's name or a checkpoint file.")] = "brisk",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    jobs: Annotated[int, typer.Option(help="Files painted at once.", rich_help_panel=LIMITS)] = 1,
    queue: Annotated[int, typer.Option(help="Files that may wait.", rich_help_panel=LIMITS)] = 20,
    max_size: Annotated[float, typer.Option(metavar="MB", help="Of a file.", rich_help_panel=LIMITS)] = 2000,
    max_duration: Annotated[
        str, typer.Option(metavar="TIME", help="Of a video: seconds, or 10:00.", rich_help_panel=LIMITS)
    ] = "10:00",
    max_pixels: Annotated[int, typer.Option(help="Of a frame.", rich_help_panel=LIMITS)] = 8_847_360,
    max_memory: Annotated[float, typer.Option(metavar="GB", help="Of a job.", rich_help_panel=LIMITS)] = 8,
    max_work: Annotated[
        str, typer.Option(metavar="TIME", help="That a job may take.", rich_help_panel=LIMITS)
    ] = "4:00:00",
    keep: Annotated[
        str, typer.Option(metavar="TIME", help="After it ended, a job is removed.", rich_help_panel=LIMITS)
    ] = "24:00:00",
    webcams: Annotated[int, typer.Option(help="People who are painted live at once.", rich_help_panel=LIMITS)] = 4,
    ice_server: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL",
            help="stun:HOST:PORT or turn:USER:PASSWORD@HOST:PORT, for webcams that cannot reach this machine directly.",
        ),
    ] = None,
) -> None:
    """Serve a page where videos, or the webcam, are painted in a browser."""
    try:
        import aiortc  # noqa: F401
        import fastapi  # noqa: F401
        import python_multipart  # noqa: F401
        import uvicorn
    except ImportError as missing:
        raise MissingExtra(missing.name or "fastapi", "web") from None
    from vidstyle.web.settings import GB, MB, Settings, is_loopback

    if token is None and not is_loopback(host):
        token = secrets.token_urlsafe(24)
    settings = Settings(
        host=host,
        port=port,
        token=token,
        names=tuple(name or ()),
        folder=folder,
        model=str(Path(model).resolve()) if Path(model).exists() else model,
        device=device,
        jobs=jobs,
        waiting=queue,
        max_bytes=int(max_size * MB),
        max_seconds=float(parse_time(max_duration)),
        max_pixels=max_pixels,
        max_memory=int(max_memory * GB),
        max_work=float(parse_time(max_work)),
        keep=float(parse_time(keep)),
        webcams=webcams,
        ice_servers=tuple(ice_server or ()),
    )
    from vidstyle.web.app import create_app
    from vidstyle.web.place import Place

    Place(settings.folder).close()  # what is wrong with the folder is said now, in a line
    app = create_app(settings)
    _allow_descriptors(CONNECTIONS + 256)

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            out.print(f"open {address} in a browser; Ctrl-C ends it")

        def handle_exit(self, number: int, frame: object) -> None:
            super().handle_exit(number, frame)  # type: ignore[arg-type]
            app.state.closing()

    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,  # it would show tokens
        server_header=False,
        proxy_headers=False,  # any client could make them up
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=5,
    )
    with _listening(host, port) as listener:
        shown = socket.gethostname() if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
        query = f"?token={token}" if token else ""
        address = f"http://{shown}:{listener.getsockname()[1]}/{query}"
        try:
            Server(config).run(sockets=[listener])
        except Interrupted:
            raise typer.Exit(130) from None


def _allow_descriptors(enough: int) -> None:
    """As many open files as that, if the system lets us; often there are 1024."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != resource.RLIM_INFINITY and soft < enough:
            most = enough if hard == resource.RLIM_INFINITY else min(enough, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _listening(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        return listener
    except OSError as error:
        raise OptionError(f"cannot listen at {host}, port {port}: {error.strerror}; choose another --port") from None
