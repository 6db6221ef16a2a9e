"""The terms of the loss, against NumPy and closed forms."""

import numpy as np
import torch

from vidstyle.perception.distances import (
    content_distance,
    gram,
    gram_distance,
    statistics,
    statistics_distance,
    total_variation,
)


def test_gram_is_numpys_product() -> None:
    features = torch.randn(2, 5, 4, 6)
    flat = features.numpy().reshape(2, 5, 24)
    np.testing.assert_allclose(gram(features).numpy(), np.einsum("nci,ndi->ncd", flat, flat) / 24, rtol=1e-5)


def test_statistics_are_numpys() -> None:
    features = torch.randn(2, 5, 4, 6) * 3 + 1
    mean, deviation = statistics(features)
    np.testing.assert_allclose(mean.numpy(), features.numpy().mean((2, 3)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(deviation.numpy(), features.numpy().std((2, 3)), rtol=1e-4)


def test_a_shift_of_the_features_costs_its_square() -> None:
    features = torch.randn(3, 4, 8, 8)
    assert abs(statistics_distance({"relu1_1": features + 2}, {"relu1_1": features}, ("relu1_1",)).item() - 4) < 1e-4


def test_content_ignores_palettes_and_sees_shapes() -> None:
    features = torch.randn(2, 4, 16, 16)
    assert content_distance({"relu4_1": 5 * features - 3}, {"relu4_1": features}) < 1e-6
    # Unrelated normalised features differ by the sum of their variances.
    assert 1.5 < content_distance({"relu4_1": torch.randn(2, 4, 16, 16)}, {"relu4_1": features}) < 2.5


def test_gram_distance_is_relative() -> None:
    features = torch.rand(2, 4, 8, 8)
    zero = {"relu2_1": torch.zeros_like(features)}
    assert abs(gram_distance(zero, {"relu2_1": features}, ("relu2_1",)).item() - 1) < 1e-5


def test_variation_of_a_ramp_is_its_slope() -> None:
    ramp = torch.arange(8.0).expand(1, 3, 5, 8)
    assert total_variation(ramp).item() == 1
