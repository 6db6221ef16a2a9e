"""Muon: steps that turn all directions of a weight matrix alike, where Adam follows the few that gradients agree on.

torch.optim.Muon takes no kernels.

Sources: Jordan et al. 2024 (Muon); Liu et al. 2025 (steps as long as Adam's, section 2.2).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

__all__ = ["Muon", "orthogonal"]

LENGTH = 0.2
"""Root mean square of a step over the learning rate; Adam's is usually between 0.2 and 0.4."""


def orthogonal(matrix: Tensor) -> Tensor:
    """Nearly U·Vᵀ of a matrix U·S·Vᵀ: singular values end between 0.6 and 1.3.

    Five Newton–Schulz steps of Jordan et al. 2024, whose polynomial rises steeply from zero and does not settle.
    """
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    x = wide / (wide.norm() + 1e-7)
    for _ in range(5):
        square = x @ x.T
        x = 3.4445 * x + (2.0315 * square @ square - 4.775 * square) @ x
    return x if wide is matrix else x.T


class Muon(torch.optim.Optimizer):
    """Muon for matrices and kernels, which are taken as outputs × all else."""

    def __init__(self, weights: Iterable[Tensor], lr: float, momentum: float = 0.95) -> None:
        super().__init__(weights, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """One step. closure: computes the loss anew, as in torch.optim."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["mean"] = torch.zeros_like(parameter)
                state["mean"].lerp_(parameter.grad, 1 - group["momentum"])
                ahead = parameter.grad.lerp(state["mean"], group["momentum"]).flatten(1)  # Nesterov's
                length = LENGTH * max(ahead.shape) ** 0.5
                parameter.add_(orthogonal(ahead).view_as(parameter), alpha=-group["lr"] * length)
        return loss
