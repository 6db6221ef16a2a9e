"""What may be set while it runs."""

import pytest

from vidstyle import OptionError
from vidstyle.live import Controls


@pytest.mark.parametrize(
    "change",
    [
        {"strength": 1.5},
        {"strength": float("nan")},
        {"temporal": "best"},
        {"max_side": 4},
        {"styles": [("waves", -1.0)]},
        {"colour": "red"},
    ],
)
def test_what_makes_no_sense_changes_nothing(change: dict) -> None:
    controls = Controls("waves", strength=0.5)
    before = controls.look
    with pytest.raises(OptionError):
        controls.set(strength=0.1, **change) if "strength" not in change else controls.set(**change)
    assert controls.look is before


def test_styles_come_with_weights_or_without() -> None:
    assert Controls("ink").look.styles == (("ink", 1.0),)
    assert Controls(["ink", ("glass", 3)]).look.styles == (("ink", 1.0), ("glass", 3.0))
