"""Several settings of one recipe."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vidstyle.errors import OptionError
from vidstyle.training import load_recipe
from vidstyle.training.search import parse_choices, search, trials


def test_choices_are_of_the_fields_type() -> None:
    choices = parse_choices(load_recipe("brisk"), ["content=2,4.5", "batch=2,8", "optimizer=adam,muon"])
    assert choices == {"content": [2.0, 4.5], "batch": [2, 8], "optimizer": ["adam", "muon"]}
    assert parse_choices(load_recipe("cyclegan"), ["resize=true,false"]) == {"resize": [True, False]}


@pytest.mark.parametrize("text", ["content", "content=", "contents=2", "batch=2.5", "content=many"])
def test_what_is_no_choice_is_named(text: str) -> None:
    with pytest.raises(OptionError, match="--try"):
        parse_choices(load_recipe("brisk"), [text])


def test_all_combinations_or_some_of_them() -> None:
    choices = {"a": [1, 2, 3], "b": ["x", "y"]}
    every = trials(choices)
    assert len(every) == 6
    assert {(t["a"], t["b"]) for t in every} == {(a, b) for a in (1, 2, 3) for b in "xy"}
    some = trials(choices, 4, seed=3)
    assert len(some) == 4
    assert all(trial in every for trial in some)
    assert some == trials(choices, 4, seed=3)


def test_every_trial_leaves_a_row(tmp_path: Path) -> None:
    pytest.importorskip("lightning_fabric")
    pytest.importorskip("tensorboard")
    rng = np.random.default_rng(0)
    for number in range(4):
        Image.fromarray(rng.integers(0, 255, (4, 5, 3), np.uint8)).resize((90, 70)).save(tmp_path / f"{number}.png")
    tiny = {"steps": 12, "identity_steps": 0, "batch": 2, "crop": 32, "large_crop": 0, "side": 48, "abstract": 0.0}
    where = {"photos": tmp_path, "paintings": tmp_path, "encoder": "glance", "device": "cpu"}
    attempts = trials({"temporal": [0.0, 1.0], "learning_rate": [1e-3, 1e30]})[:3]
    rows = search("brisk", tiny, attempts, tmp_path / "out", **where)
    assert [row["recipe.temporal"] for row in rows] == [0.0, 0.0, 1.0]
    assert "loss.temporal" not in rows[0]
    assert 0 < rows[2]["loss.temporal"] < 1
    assert "learning_rate" in rows[1]["failed"]  # and the next one was tried all the same
    with (tmp_path / "out" / "trials.csv").open() as file:
        table = list(csv.DictReader(file))
    assert float(table[2]["loss.content"]) > 0
    seen: list[object] = []
    again = search("brisk", tiny, [attempts[2], attempts[0]], tmp_path / "out", on_progress=seen.append, **where)
    assert again == [rows[2], rows[0]]  # known by what was tried, not by their place
    assert not seen
    with pytest.raises(OptionError):
        search("brisk", tiny, trials({"crop": [128, 100]}), tmp_path / "none", **where)
