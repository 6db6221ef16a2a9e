"""Processes that run one file of ours: what a library does in there, a hang or a crash, does not reach this one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO

__all__ = ["start_child"]

# Its folder must not come before the standard library, nor the one we are in.
START = "import runpy, sys; sys.path[:] = sys.argv[2:]; runpy.run_path(sys.argv[1], run_name='__main__')"


def start_child(file: Path, said: IO[bytes], told: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Run a Python file with this process's packages, pipes at its input and output.

    said: gets what it writes to stderr. told: goes into its environment, which other users of the machine cannot
    see, as they can arguments.
    """
    return subprocess.Popen(
        [sys.executable, "-I", "-c", START, str(file), *(path for path in sys.path if path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=said,
        start_new_session=True,  # Ctrl-C is for us
        env=os.environ | dict(told or {}),
    )
