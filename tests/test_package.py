"""What goes into the wheel."""

import subprocess
import sys
from pathlib import Path

from vidstyle.styles import BUILT_IN
from vidstyle.zoo import available

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]


def test_every_sample_style_is_packed_where_it_is_looked_for() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packed = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    pictures = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "samples" / "styles").glob("*.jpg"))
    assert sorted(packed) == pictures
    assert {str((ROOT / target).parent) for target in packed.values()} == {str(BUILT_IN[0])}


def test_the_default_model_is_there_and_small() -> None:
    (card,) = [card for card in available() if card.name == "brisk"]
    assert card.licence == "Apache-2.0"
    assert card.recipe
    assert (ROOT / "vidstyle" / "assets" / "brisk.safetensors").stat().st_size <= 4_000_000


def test_a_model_loads_without_the_compiler() -> None:
    """PyTorch's takes more than a second to import, and a random initialisation on the meta device imports it."""
    code = "import sys; from vidstyle.zoo import load; load('brisk'); sys.exit('torch._dynamo' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
