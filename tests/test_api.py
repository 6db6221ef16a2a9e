"""The public names, and the errors behind them."""

import re
import subprocess
import sys
from pathlib import Path

import vidstyle
from vidstyle import errors

ROOT = Path(__file__).parents[1]


def test_every_public_name_is_there() -> None:
    for name in vidstyle.__all__:
        assert getattr(vidstyle, name) is not None
    assert set(errors.__all__) <= set(vidstyle.__all__)


def test_every_error_is_of_one_tree() -> None:
    kinds = [getattr(errors, name) for name in errors.__all__]
    assert all(issubclass(kind, errors.VidstyleError) for kind in kinds)
    drawn = set(re.findall(r"[─ ]([A-Z]\w+) {2,}", errors.__doc__ or "")) | {"VidstyleError"}
    assert drawn == set(errors.__all__)


def test_neither_help_nor_mistakes_nor_probe_wait_for_pytorch() -> None:
    code = "import sys, vidstyle.cli.main, vidstyle.cli.given, vidstyle.media; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_rooms_import_only_from_floors_below() -> None:
    floors = {
        **dict.fromkeys(("aside", "child", "errors", "frames", "near"), 1),
        **dict.fromkeys(("pictures", "scaling", "staging", "styles"), 2),
        "nets": 3,
        **dict.fromkeys(("zoo", "media"), 4),
        **dict.fromkeys(("temporal", "perception", "runtime"), 5),
        "stylizers": 6,
        **dict.fromkeys(("pipeline", "live", "training", "evaluation"), 7),
        **dict.fromkeys(("bridge", "hosts", "web"), 8),
        "cli": 9,
    }
    for path in (ROOT / "vidstyle").rglob("*.py"):
        room = path.relative_to(ROOT / "vidstyle").parts[0].removesuffix(".py")
        if room.startswith("__"):
            continue
        for other in re.findall(r"^\s*(?:from|import) vidstyle\.(\w+)", path.read_text(), re.MULTILINE):
            assert other == room or floors[other] < floors[room], f"{path} imports from {other}"
