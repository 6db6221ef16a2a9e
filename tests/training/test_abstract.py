"""Abstract styles made of paintings, against what they are made of."""

import numpy as np
import pytest

from vidstyle.training.abstract import abstract


@pytest.fixture
def pictures() -> np.ndarray:
    """Soft pictures with colours away from black and white: (5, 192, 192, 3)."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:192, 0:192] / 192
    made = []
    for _ in range(5):
        waves = [np.sin(2 * np.pi * (a * x + b * y)) for a, b in rng.uniform(1, 3, (3, 2))]
        made.append(128 + np.stack(waves, -1) @ rng.normal(0, 18, (3, 3)))
    return np.stack(made).clip(0, 255).astype(np.uint8)


def test_they_are_the_same_again_for_the_same_seed(pictures: np.ndarray) -> None:
    made = abstract(pictures, 7, seed=1)
    assert made.shape == (7, 192, 192, 3)
    np.testing.assert_array_equal(made, abstract(pictures, 7, seed=1))
    assert not np.array_equal(made, abstract(pictures, 7, seed=2))


def test_a_mosaic_is_of_even_stones(pictures: np.ndarray) -> None:
    mosaics = abstract(pictures, 10, seed=0)[::3].astype(int)
    steps = [np.abs(np.diff(mosaic, axis=1)) for mosaic in mosaics]
    # The largest stones are larger than the blur.
    assert max((step.sum(-1) == 0).mean() for step in steps) > 0.2
    assert all(step.max() > 20 for step in steps)  # and there are joints


def test_another_palette_is_that_of_another_picture(pictures: np.ndarray) -> None:
    known = [(p.reshape(-1, 3).mean(0), np.cov(p.reshape(-1, 3).T)) for p in pictures.astype(float)]
    for moved in abstract(pictures, 12, seed=3)[2::3].astype(float):
        mean, covariance = moved.reshape(-1, 3).mean(0), np.cov(moved.reshape(-1, 3).T)
        errors = [max(np.abs(mean - m).max() / 5, np.abs(covariance - c).max() / np.abs(c).max()) for m, c in known]
        assert min(errors) < 0.15
