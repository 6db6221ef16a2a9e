"""The terms of the loss, against NumPy and closed forms."""

import math

import cv2
import numpy as np
import torch

from vidstyle.perception.distances import (
    content_distance,
    contrastive_distance,
    finest_detail,
    gram_distance,
    halos,
    moments,
    moments_of,
    sliced_distance,
    statistics_distance,
    total_variation,
)


def test_gram_is_numpys_product() -> None:
    features = torch.randn(2, 5, 4, 6)
    flat = features.numpy().reshape(2, 5, 24)
    np.testing.assert_allclose(moments(features).gram.numpy(), np.einsum("nci,ndi->ncd", flat, flat) / 24, rtol=1e-5)


def test_statistics_are_numpys() -> None:
    features = torch.randn(2, 5, 4, 6) * 3 + 1
    seen = moments(features)
    np.testing.assert_allclose(seen.mean.numpy(), features.numpy().mean((2, 3)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(seen.deviation.numpy(), features.numpy().std((2, 3)), rtol=1e-4)


def test_a_shift_of_the_features_costs_its_square() -> None:
    features = torch.randn(3, 4, 8, 8)
    ours, theirs = moments_of({"relu1_1": features + 2}), moments_of({"relu1_1": features})
    assert abs(statistics_distance(ours, theirs, ("relu1_1",)).item() - 4) < 1e-4


def test_the_gradient_of_moments_is_that_of_their_differences() -> None:
    features = torch.randn(2, 3, 4, 5, dtype=torch.double, requires_grad=True)

    def both(features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        seen = moments(features)
        return seen.deviation, seen.gram.sin()

    assert torch.autograd.gradcheck(both, features)


def test_content_ignores_palettes_and_sees_shapes() -> None:
    features = torch.randn(2, 4, 16, 16)
    assert content_distance({"relu4_1": 5 * features - 3}, {"relu4_1": features}) < 1e-6
    # Unrelated normalised features differ by the sum of their variances.
    assert 1.5 < content_distance({"relu4_1": torch.randn(2, 4, 16, 16)}, {"relu4_1": features}) < 2.5


def test_gram_distance_is_relative() -> None:
    features = torch.rand(2, 4, 8, 8)
    zero, seen = moments_of({"relu2_1": torch.zeros_like(features)}), moments_of({"relu2_1": features})
    assert abs(gram_distance(zero, seen, ("relu2_1",)).item() - 1) < 1e-5


def test_along_a_line_distributions_are_compared_in_order() -> None:
    ours, theirs = torch.randn(1, 1, 6, 8), torch.randn(1, 1, 8, 6) * 2
    expected = np.square(np.sort(ours.numpy().ravel()) - np.sort(theirs.numpy().ravel())).mean()
    found = sliced_distance({"relu2_1": ours}, {"relu2_1": theirs}, ("relu2_1",))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5)


def test_distributions_know_no_places() -> None:
    features = torch.randn(2, 5, 8, 8)
    elsewhere = features.flatten(2)[..., torch.randperm(64)].unflatten(2, (8, 8))
    assert sliced_distance({"relu2_1": elsewhere}, {"relu2_1": features}, ("relu2_1",)) < 1e-10


def test_changes_of_unrelated_features_are_told_apart_by_chance() -> None:
    torch.manual_seed(0)
    features, others = torch.randn(2, 2, 512, 24, 24)
    chance = math.log(128)
    # Cosines of unrelated directions have a variance of 1/512, which adds half of it, over the temperature squared.
    expected = chance + 0.5 / 512 / 0.07**2
    assert abs(contrastive_distance({"relu3_1": others}, {"relu3_1": features}) - expected) < 0.1
    # Brighter by a gain and an offset, every change is the same.
    assert contrastive_distance({"relu3_1": 3 * features - 1}, {"relu3_1": features}) < 0.1


def test_variation_of_a_ramp_is_its_slope() -> None:
    ramp = torch.arange(8.0).expand(1, 3, 5, 8)
    assert total_variation(ramp).item() == 1


def test_finest_detail_of_a_wave_follows_the_blurs_response() -> None:
    for frequency in (1 / 3, 1 / 8):  # cycles per pixel; the blur leaves cos²(π f) of the wave
        wave = torch.cos(2 * math.pi * frequency * torch.arange(242.0) + 0.3).expand(1, 3, 8, -1)
        expected = math.sin(math.pi * frequency) ** 2 * wave[..., 1:-1].abs().mean()
        assert abs(finest_detail(wave).item() - expected) < 1e-5


def test_halos_are_what_surroundings_add_to_a_bent_tone() -> None:
    content = cv2.GaussianBlur(np.random.default_rng(0).random((256, 256, 3)), (0, 0), 6).transpose(2, 0, 1)
    content = (content - content.min()) / np.ptp(content)
    cells = content.reshape(3, 64, 4, 64, 4).mean((2, 4))
    grey = cells.mean(0)
    tone = cells * (1.4 - 0.4 * cells)
    rim = np.where(grey > 0.5, grey - cv2.GaussianBlur(grey, (0, 0), 3), 0)

    def share(painted: np.ndarray) -> float:
        pictures = (torch.tensor(one.repeat(4, 1).repeat(4, 2))[None] for one in (painted, cells))
        return halos(*pictures).item()

    assert share(tone) < 1e-4
    # A painting of nothing but the rim that its own colours do not explain, found by NumPy.
    own = np.stack([np.ones(grey.size), *cells.reshape(3, -1), *np.square(cells).reshape(3, -1)], 1)
    left = (rim.ravel() - own @ np.linalg.lstsq(own, rim.ravel(), rcond=None)[0]).reshape(1, 64, 64).repeat(3, 0)
    assert share(left) > 0.5
    # Orthogonal to the tone, it adds its own variance.
    both = tone + 0.5 * left
    expected = share(left) * np.square(0.5 * left).sum() / both.var((1, 2)).sum() / grey.size
    assert abs(share(both) - expected) < 0.01
