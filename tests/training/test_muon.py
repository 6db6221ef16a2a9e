"""Muon against NumPy's singular values and PyTorch's own, which takes matrices."""

import numpy as np
import pytest
import torch

from vidstyle.training.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(12, 12), (8, 40), (40, 8)])
def test_directions_stay_and_lengths_become_alike(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    matrix = torch.randn(shape) * torch.logspace(0, -2, shape[1])
    u, _, vt = np.linalg.svd(matrix.numpy(), full_matrices=False)
    turned = orthogonal(matrix).numpy()
    inside = u.T @ turned @ vt.T
    lengths = np.diag(inside)
    np.testing.assert_allclose(inside, np.diag(lengths), atol=2e-3)
    assert lengths.min() > 0.5
    assert lengths.max() < 1.3


def test_steps_are_pytorchs() -> None:
    theirs = getattr(torch.optim, "Muon", None)
    if theirs is None:
        pytest.skip("this PyTorch has no Muon")
    torch.manual_seed(0)
    start = torch.randn(6, 27)
    kernel = torch.nn.Parameter(start.view(6, 3, 3, 3).clone(memory_format=torch.channels_last))
    matrix = torch.nn.Parameter(start.clone())
    ours = Muon([kernel], lr=0.1)
    other = theirs([matrix], lr=0.1, weight_decay=0, adjust_lr_fn="match_rms_adamw")
    for _ in range(3):
        gradient = torch.randn(6, 27)
        kernel.grad, matrix.grad = gradient.view(6, 3, 3, 3).clone(), gradient.clone()
        ours.step()
        other.step()
    moved = (matrix - start).norm()
    assert (kernel.flatten(1) - matrix).norm() < 0.02 * moved  # it turns in bfloat16
