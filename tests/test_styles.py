"""What a style is, as users write it."""

from pathlib import Path

import pytest
from PIL import Image

from vidstyle.errors import OptionError, StyleError
from vidstyle.styles import Style, builtin_styles, find_style, parse_style


def test_weights_sum_to_one() -> None:
    style = Style(((Path("a"), 3.0), (Path("b"), 1.0)))
    assert [weight for _, weight in style.images] == [0.75, 0.25]


@pytest.mark.parametrize("weights", [(0.0,), (-1.0, 2.0), (float("nan"),), (float("inf"),)])
def test_senseless_weights(weights: tuple[float, ...]) -> None:
    with pytest.raises(OptionError, match="weight"):
        Style(tuple((Path("a"), weight) for weight in weights))


def test_a_weight_follows_the_last_colon_unless_the_file_is_called_that(tmp_path: Path) -> None:
    plain, odd = tmp_path / "a.png", tmp_path / "b:0.5"
    for path in (plain, odd):
        Image.new("RGB", (8, 8)).save(path, "png")
    assert parse_style(str(plain)) == (str(plain), 1.0)
    assert parse_style(f"{plain}:0.25") == (str(plain), 0.25)
    assert parse_style(str(odd)) == (str(odd), 1.0)
    assert parse_style(f"{odd}:2") == (str(odd), 2.0)
    assert parse_style("7:0.5") == ("7", 0.5)


def test_built_in_styles_go_by_name() -> None:
    styles = builtin_styles()
    assert len(styles) >= 6
    for name, path in styles.items():
        assert find_style(name) == path
        with Image.open(path) as image:
            assert max(image.size) >= 512
    for wrong in ("mosiac", "Mosaic"):
        with pytest.raises(StyleError, match="did you mean mosaic"):
            find_style(wrong)


def test_a_file_that_may_be_meant_is_named(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "monet.jpg")
    with pytest.raises(StyleError, match=f"did you mean {tmp_path / 'monet.jpg'}"):
        find_style(tmp_path / "monnet.JPG")
    with pytest.raises(StyleError, match="give a picture"):
        find_style(tmp_path / "none" / "zzzz.png")
    with pytest.raises(StyleError, match="is a folder"):
        find_style(tmp_path)
