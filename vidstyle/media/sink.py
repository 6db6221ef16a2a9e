"""Where frames go to: one protocol for clips, stills and folders of images."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import TypeVar

from vidstyle.frames import Frame
from vidstyle.media.notes import Notes

__all__ = ["Sink"]

S = TypeVar("S", bound="Sink")


class Sink(ABC):
    """Takes a clip's frames in order; a context manager that commits on a clean exit and else leaves no trace."""

    notes: Notes

    @abstractmethod
    def write(self, frame: Frame) -> None:
        """Encode one frame: its rgb where it was painted, else the code values it was decoded from."""

    @abstractmethod
    def commit(self) -> None:
        """Finish the result and give it its name."""

    @abstractmethod
    def abort(self) -> None:
        """Remove every trace; harmless after `commit`."""

    def __enter__(self: S) -> S:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is not None:
            self.abort()
            return
        try:
            self.commit()
        except BaseException:
            self.abort()
            raise
