"""Ports for tests that must name one before anything listens at it."""

import random
import socket

__all__ = ["free_port"]


def free_port() -> int:
    """A port of this machine that is free for TCP and UDP.

    From below those that systems hand out themselves (Linux: from 32768 on): what is taken now and closed again would
    else soon be another's, as many tests run at once.
    """
    while True:
        port = random.randrange(10_000, 32_000)
        try:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind(("", port))
        except OSError:
            continue
        return port
