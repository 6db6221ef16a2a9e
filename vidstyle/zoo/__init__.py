"""The zoo: weights, their cards, and the detection of published checkpoints."""

from .architectures import Architecture, architectures, detect, has, register, untrained
from .cards import Card, checksum
from .checkpoint import read_state_dict
from .downloads import download
from .models import Model, available, load, save, write
from .releases import RELEASES

__all__ = [
    "RELEASES",
    "Architecture",
    "Card",
    "Model",
    "architectures",
    "available",
    "checksum",
    "detect",
    "download",
    "has",
    "load",
    "read_state_dict",
    "register",
    "save",
    "untrained",
    "write",
]
