"""Clips from the shared folder, facts from ffprobe: a reader that is not the code under test."""

from __future__ import annotations

import json
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).parents[2].parent / "shared" / "media"


@pytest.fixture(scope="session")
def video() -> Path:
    folder = SHARED / "video"
    if not folder.is_dir():
        pytest.skip("needs the clips of ../shared/media/video")
    return folder


@pytest.fixture(scope="session")
def torture() -> Path:
    folder = SHARED / "torture"
    if not folder.is_dir():
        pytest.skip("needs the files of ../shared/media/torture")
    return folder


class Ffprobe:
    """What ffprobe sees."""

    def __call__(self, path: Path, *arguments: str) -> dict[str, Any]:
        command = ["ffprobe", "-v", "quiet", *arguments, "-of", "json", f"file:{path}"]
        return json.loads(subprocess.run(command, capture_output=True, text=True, timeout=120).stdout or "{}")

    def facts(self, path: Path) -> dict[str, Any]:
        return self(path, "-show_streams", "-show_format", "-show_chapters")

    def frame_times(self, path: Path, index: int) -> list[Fraction | None]:
        """Presentation times in seconds, None where the file gives a frame none."""
        facts = self(path, "-select_streams", str(index), "-show_entries", "frame=pts:stream=time_base")
        clock = Fraction(facts["streams"][0]["time_base"])
        return [int(f["pts"]) * clock if "pts" in f else None for f in facts["frames"]]

    def packets(self, path: Path, index: int) -> list[tuple[str, Fraction | None]]:
        """(hash of the payload, presentation time in seconds) of every packet of a stream."""
        entries = "packet=pts,dts,data_hash:stream=time_base"
        facts = self(
            path, "-select_streams", str(index), "-show_packets", "-show_data_hash", "sha256", "-show_entries", entries
        )
        clock = Fraction(facts["streams"][0]["time_base"])
        return [(p["data_hash"], int(p["pts"]) * clock if "pts" in p else None) for p in facts["packets"]]


@pytest.fixture(scope="session")
def ffprobe() -> Ffprobe:
    if shutil.which("ffprobe") is None:
        pytest.skip("needs ffprobe")
    return Ffprobe()
