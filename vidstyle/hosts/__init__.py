"""The programs that have a plugin of ours, and putting it into their folders."""

from .placing import Record, take_away
from .work import Standing, find_hosts, install, standing

__all__ = ["Record", "Standing", "find_hosts", "install", "standing", "take_away"]
