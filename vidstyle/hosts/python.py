"""The Python that VapourSynth is in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["VapourSynth", "vapoursynth"]

ASK = """
import json, site, sys, sysconfig, vapoursynth
own = sys.prefix != sys.base_prefix or not site.ENABLE_USER_SITE
modules = sysconfig.get_path("purelib") if own else site.getusersitepackages()
print(json.dumps([str(vapoursynth.__version__), modules]))
"""


@dataclass(frozen=True)
class VapourSynth:
    """Where it is: its interpreter, its release, and the folder that the user's modules belong to."""

    python: str
    release: str
    modules: Path


@cache
def vapoursynth() -> VapourSynth | None:
    """The first Python here that has VapourSynth; $VAPOURSYNTH_PYTHON names one."""
    for python in _interpreters():
        try:
            ran = subprocess.run([python, "-c", ASK], capture_output=True, text=True, timeout=60)
            if ran.returncode == 0:
                release, modules = json.loads(ran.stdout.splitlines()[-1])
                return VapourSynth(python, release, Path(modules))
        except (OSError, subprocess.TimeoutExpired, ValueError, IndexError):
            continue
    return None


def _interpreters() -> Iterator[str]:
    names = [os.environ.get("VAPOURSYNTH_PYTHON", ""), sys.executable, "python3"]
    for name in [*names, *(f"python3.{minor}" for minor in range(20, 11, -1))]:
        if name and (found := shutil.which(name)):
            yield found
