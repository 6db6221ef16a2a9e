"""Times as users write them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidstyle.cli.times import parse_time
from vidstyle.errors import OptionError


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_clock_times_are_exact(hours: int, minutes: int, seconds: int, milliseconds: int) -> None:
    expected = Fraction(1000 * (3600 * hours + 60 * minutes + seconds) + milliseconds, 1000)
    assert parse_time(f"{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}") == expected


@pytest.mark.parametrize("text", ["", "soon", "1:2:3:4", "-3", "1/2", "1::2", "nan", "inf", "1e999999999"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="is not a time"):
        parse_time(text)
