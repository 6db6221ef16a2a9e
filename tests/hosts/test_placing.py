"""Files in hosts' folders: only what was put there is replaced or removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from vidstyle.errors import OutputError
from vidstyle.hosts.placing import Record, place, take_away


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def files(tmp_path: Path) -> dict[Path, Path]:
    """Two files to be put, one of them into folders that are not there yet."""
    sources = [tmp_path / "a.so", tmp_path / "b.ini"]
    for source in sources:
        source.write_text(source.name)
    (tmp_path / "host").mkdir()
    return {sources[0]: tmp_path / "host" / "a.so", sources[1]: tmp_path / "host" / "data" / "locale" / "b.ini"}


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_what_is_put_is_taken_away_and_nothing_else(tmp_path: Path, files, data_folder: Path) -> None:
    (tmp_path / "host" / "of_others.so").write_text("")
    place(Record.load(), "obs", files)
    assert [target.read_text() for target in files.values()] == ["a.so", "b.ini"]
    assert take_away(Record.load(), "gstreamer") == (0, [])
    assert take_away(Record.load(), "obs") == (2, [])
    assert everything(tmp_path / "host") == {"of_others.so"}
    assert take_away(Record.load(), "obs") == (0, [])
    assert everything(data_folder) == {"vidstyle"}


def test_it_may_be_put_again(files) -> None:
    place(Record.load(), "obs", files)
    source, target = next(iter(files.items()))
    source.write_text("newer")
    place(Record.load(), "obs", files)
    assert target.read_text() == "newer"


@pytest.mark.parametrize("kind", ["file", "link", "changed"])
def test_what_somebody_else_put_there_stays(tmp_path: Path, files, kind: str) -> None:
    first, second = files.values()
    if kind == "changed":
        place(Record.load(), "obs", files)
    second.parent.mkdir(parents=True, exist_ok=True)
    if kind == "link":
        second.symlink_to(tmp_path / "elsewhere")
    else:
        second.write_text("another")
    with pytest.raises(OutputError, match="not put there"):
        place(Record.load(), "obs", files)
    assert first.exists() == (kind == "changed")
    count, left = take_away(Record.load(), "obs")
    assert (count, left) == ((1, [second]) if kind == "changed" else (0, []))
    assert second.is_symlink() or second.read_text() == "another"
    assert not first.exists()


@pytest.mark.parametrize("text", ["", "[]", '{"files": 1}', '{"files": {"a": "b"}, "folders": []}'])
def test_a_broken_record_is_said(data_folder: Path, text: str) -> None:
    (data_folder / "vidstyle").mkdir(parents=True)
    (data_folder / "vidstyle" / "plugins.json").write_text(text)
    with pytest.raises(OutputError, match="remove it"):
        Record.load()
