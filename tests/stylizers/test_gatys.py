"""Gatys' method, against closed forms and on tiny pictures."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from vidstyle.errors import InputError, OptionError
from vidstyle.perception import load_glance, load_perceptual
from vidstyle.perception.distances import moments
from vidstyle.stylizers import Gatys, GatysOptions
from vidstyle.stylizers.gatys.descent import descend, sizes
from vidstyle.stylizers.gatys.energy import STYLE_LAYERS, Energy, grams, relative

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture
def pictures() -> tuple[torch.Tensor, torch.Tensor]:
    """A content and a style, (1, 3, 64, 64)."""
    torch.manual_seed(0)
    y, x = torch.meshgrid(torch.arange(64) / 64, torch.arange(64) / 64, indexing="ij")
    content = torch.stack([x, y, ((x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.1).float()])[None]
    stripes = (torch.sin(40 * (x + y)) > 0).float()
    return content, torch.stack([stripes, 1 - stripes, 0.3 * stripes])[None]


def test_the_gradient_of_the_style_is_gatys() -> None:
    """Equation 6, with the target's energy in place of 4·N²·M²."""
    torch.manual_seed(0)
    features = torch.rand(1, 6, 5, 7, requires_grad=True)
    target = moments(torch.rand(1, 6, 5, 7)).gram
    relative(moments(features).gram, target).backward()
    flat, wanted = features.detach().numpy().reshape(6, 35), target.numpy()[0]
    expected = 4 * (flat @ flat.T / 35 - wanted) @ flat / 35 / np.square(wanted).sum()
    np.testing.assert_allclose(features.grad.numpy().reshape(6, 35), expected, rtol=1e-4, atol=1e-6)


def test_every_size_is_half_the_next() -> None:
    assert sizes(1080, 1921, 128) == [(135, 240), (270, 480), (540, 960), (1080, 1921)]
    assert sizes(255, 500, 128) == [(255, 500)]


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_descent_finds_the_minimum_within_range(optimizer: str) -> None:
    wanted = torch.linspace(-0.5, 1.5, 75).view(1, 3, 5, 5)
    found = descend(lambda x: (x - wanted).square().sum(), torch.full_like(wanted, 0.5), 200, optimizer)
    torch.testing.assert_close(found, wanted.clamp(0, 1), atol=0.02, rtol=0)


def test_descent_is_even_over_sizes() -> None:
    """A quadratic that is steep for fine changes, as energies of features are, and slow over plain pixels."""
    torch.manual_seed(0)
    wanted = torch.rand(1, 3, 64, 64)
    frequency = (torch.fft.fftfreq(64)[:, None].square() + torch.fft.rfftfreq(64)[None].square()).sqrt()
    weight = frequency.clamp_min(1 / 64).square()

    def energy(x: torch.Tensor) -> torch.Tensor:
        return (weight * torch.fft.rfft2(x - wanted, norm="ortho").abs().square()).sum()

    start = torch.full_like(wanted, 0.5)
    plain = start.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([plain], max_iter=30, max_eval=30, line_search_fn="strong_wolfe")

    def compute() -> torch.Tensor:
        optimizer.zero_grad()
        value = energy(plain)
        value.backward()
        return value

    optimizer.step(compute)
    assert energy(descend(energy, start, 30)) < 0.7 * energy(plain)


def test_energies_are_lower_than_by_the_textbook() -> None:
    photo = cv2.VideoCapture(str(SAMPLES / "harbour.mp4")).read()[1]
    content = torch.from_numpy(cv2.resize(photo, (96, 64), interpolation=cv2.INTER_AREA)[..., ::-1].copy())
    content = content.permute(2, 0, 1)[None].contiguous() / 255  # (1, 3, 64, 96)
    painter = Gatys(GatysOptions(steps=60), device="cpu")
    code = painter.encode_style(SAMPLES / "styles" / "pastel.jpg", size=64)
    energy = Energy(painter.encoder, painter.options, content, code.tensors[: len(STYLE_LAYERS)])
    pixels = content.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([pixels], max_iter=60, max_eval=60, history_size=100)

    def compute() -> torch.Tensor:
        with torch.no_grad():
            pixels.clamp_(0, 1)
        optimizer.zero_grad()
        value = energy(pixels)
        value.backward()
        return value

    optimizer.step(compute)
    assert energy(painter(content, code)) < 0.95 * energy(pixels.detach().clamp(0, 1))


def test_bfloat16_features_lead_as_low(pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    content, style = pictures
    encoder = load_perceptual("glance")
    exact, half = (Energy(encoder, GatysOptions(), content, grams(encoder, style), half=half) for half in (False, True))
    torch.testing.assert_close(half(content), exact(content), rtol=0.01, atol=0)
    assert exact(descend(half, content, 40)) < 1.05 * exact(descend(exact, content, 40))


@pytest.mark.parametrize(("height", "width"), [(150, 333), (256, 48)])
def test_pieces_have_the_energy_and_the_gradient_of_the_whole(height: int, width: int) -> None:
    torch.manual_seed(0)
    encoder = load_perceptual("glance")
    content, style = torch.rand(1, 3, height, width), grams(encoder, torch.rand(1, 3, 64, 64))
    picture = torch.rand_like(content).requires_grad_()
    found = []
    for tile in (None, 64):
        value = Energy(encoder, GatysOptions(), content, style, tile=tile)(picture)
        found.append((value.detach(), *torch.autograd.grad(value, picture)))
    (value, gradient), (value_of_pieces, gradient_of_pieces) = found
    torch.testing.assert_close(value_of_pieces, value, rtol=1e-5, atol=0)
    torch.testing.assert_close(gradient_of_pieces, gradient, rtol=0, atol=1e-4 * gradient.abs().max().item())


def test_a_content_in_its_own_style_has_no_energy(pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    content, style = pictures
    encoder = load_perceptual("glance")
    options = GatysOptions(variation=0)
    energy = Energy(encoder, options, content, grams(encoder, content))
    assert energy(content) < 1e-6
    # Black has features of its own, but far less of them than either.
    assert energy(style) > 1


def test_the_style_comes_into_the_picture_and_the_content_stays(pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    content, style = pictures
    told: list[tuple[float, float]] = []
    painter = Gatys(
        GatysOptions(steps=25, coarsest=32, style=2.0),
        device="cpu",
        on_step=lambda share, energy: told.append((share, energy)),
    )
    painted = painter(content, painter.encode_style(style, size=64))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    encoder, options = painter.encoder, GatysOptions(content=0, style=1, variation=0)
    unlike = Energy(encoder, options, content, grams(encoder, style))
    assert unlike(painted) < 0.3 * unlike(content)
    same = Energy(encoder, GatysOptions(content=1, style=0, variation=0), content, grams(encoder, style))
    assert same(painted) < 0.7 * same(style)
    half = painter(content, painter.encode_style(style, strength=0.5, size=64))
    torch.testing.assert_close(half, content.lerp(painted, 0.5), atol=1e-5, rtol=0)


def test_an_encoder_that_does_not_reach_far_enough_is_named(tmp_path: Path) -> None:
    shallow = {
        key: value for key, value in load_glance().state_dict().items() if not key.startswith(("conv4", "conv5"))
    }
    save_file(shallow, tmp_path / "shallow.safetensors")
    with pytest.raises(InputError, match="relu4_1"):
        Gatys(encoder=tmp_path / "shallow.safetensors", device="cpu")


def test_a_precision_that_gradients_vanish_in_is_refused() -> None:
    with pytest.raises(OptionError, match="bf16"):
        Gatys(device="cpu", precision="fp16")


def test_tiles_smaller_than_what_is_around_them_are_refused() -> None:
    with pytest.raises(OptionError, match="256"):
        Gatys(device="cpu", tile=128)


def test_an_energy_that_is_no_number_is_told() -> None:
    with pytest.raises(OptionError, match="smaller weights"):
        descend(lambda x: 1e39 * x.sum() * 1e39, torch.ones(1, 3, 4, 4), 3)


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": 0},
        {"style": float("inf")},
        {"variation": float("nan")},
        {"optimizer": "sgd"},
        {"init": "style"},
        {"content": -1.0},
    ],
)
def test_options_that_make_no_sense_are_named(wrong: dict[str, object]) -> None:
    with pytest.raises(OptionError):
        GatysOptions(**wrong)  # type: ignore[arg-type]
