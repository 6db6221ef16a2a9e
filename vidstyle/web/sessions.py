"""The live sessions there are: how many may be, and the model they share."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from aiortc import RTCIceServer

from .wishes import Wish, check_offer

if TYPE_CHECKING:
    from vidstyle.stylizers import Stylizer

    from .session import Session

__all__ = ["Full", "Sessions"]


class Full(Exception):
    """There is no place for another session."""


class Sessions:
    """At most `most` at once. model, device: of the Stylizer that they share, which is made when the first one begins;
    find, limits: as for Session."""

    def __init__(
        self,
        model: str,
        device: str,
        find: Callable[[str], str],
        *,
        most: int,
        ice: list[RTCIceServer],
        **limits: Any,
    ) -> None:
        self.most = most
        self._model, self._device, self._find, self._ice, self._limits = model, device, find, ice, limits
        self._made: asyncio.Future[Stylizer] | None = None
        self._open: dict[str, Session | None] = {}
        self._brush = ThreadPoolExecutor(most, "brush")

    def __len__(self) -> int:
        return len(self._open)

    async def open(self, offer: str, wish: Wish) -> tuple[str, str]:
        """A new session's name, and the answer. Full, or VidstyleError where the offer or the wish cannot be."""
        if len(self._open) >= self.most:
            raise Full
        check_offer(offer)
        name = secrets.token_urlsafe(16)
        self._open[name] = None  # its place is taken from now on
        try:
            stylizer = await self._stylizer()
            from .session import Session

            gone = lambda: self._open.pop(name, None)  # noqa: E731
            session = Session(stylizer, self._find, self._brush, self._ice, gone, **self._limits)
        except BaseException:
            del self._open[name]
            raise
        self._open[name] = session
        try:
            session.wish(wish)
            return name, await session.answer(offer)
        except BaseException:
            await session.close()
            raise

    async def close(self, name: str) -> bool:
        """End a session. Whether there was one of that name."""
        session = self._open.get(name)
        if session is not None:
            await session.close()
        return session is not None

    async def close_all(self) -> None:
        await asyncio.gather(*(session.close() for session in list(self._open.values()) if session))
        await asyncio.get_running_loop().run_in_executor(None, self._brush.shutdown)

    async def _stylizer(self) -> Stylizer:
        if self._made is None or (self._made.done() and self._made.exception()):
            self._made = asyncio.get_running_loop().run_in_executor(None, self._load)
        return await asyncio.shield(self._made)

    def _load(self) -> Stylizer:
        # The page is there before PyTorch is.
        from vidstyle.stylizers import Stylizer

        from . import session  # noqa: F401

        return Stylizer(self._model, self._device)
