"""The judge of a painting."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from vidstyle.errors import InputError
from vidstyle.nets.vgg import VGG
from vidstyle.perception.encoder import load_perceptual, normalised

TEACHERS = Path(__file__).parents[2].parent / "shared" / "teachers"


@pytest.mark.skipif(not TEACHERS.exists(), reason="needs ../shared/teachers")
@torch.no_grad()
def test_normalising_imagenets_vgg_gives_unit_means_and_the_same_shapes() -> None:
    state = load_file(TEACHERS / "vgg19_imagenet_conv3_4.safetensors")
    coarse = torch.rand(2, 3, 12, 12, generator=torch.Generator().manual_seed(0))
    pictures = torch.nn.functional.interpolate(coarse, (48, 48), mode="bicubic").clamp(0, 1)
    plain, scaled = VGG.from_state_dict(state, upto="relu2_1"), VGG.from_state_dict(state, upto="relu2_1")
    normalised(scaled, pictures)
    before, after = plain(pictures)["relu2_1"], scaled(pictures)["relu2_1"]
    means = before.mean((0, 2, 3), keepdim=True)
    alive = means.flatten() > 1e-3
    torch.testing.assert_close(after[:, alive], (before / means)[:, alive], atol=1e-2, rtol=1e-3)


def test_a_damaged_file_is_no_judge(tmp_path: Path) -> None:
    (tmp_path / "eyes.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{broken")
    with pytest.raises(InputError, match="does not hold a perceptual encoder"):
        load_perceptual(tmp_path / "eyes.safetensors")


def test_no_weights_no_judge(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="choose glance"):
        load_perceptual(tmp_path)
