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


def orthogonal(matrices: Tensor) -> Tensor:
    """Nearly U·Vᵀ of matrices U·S·Vᵀ, (…, M, N): singular values end between 0.6 and 1.3.

    Five Newton–Schulz steps of Jordan et al. 2024, whose polynomial rises steeply from zero and does not settle.
    """
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(5):
        square = x @ x.mT
        x = 3.4445 * x + (2.0315 * square @ square - 4.775 * square) @ x
    return x.mT if tall else x


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
            for alike in self._by_shape(group["params"]):
                gradients = [parameter.grad for parameter in alike if parameter.grad is not None]
                means = [self.state[parameter]["mean"] for parameter in alike]
                torch._foreach_lerp_(means, gradients, 1 - group["momentum"])
                ahead = torch._foreach_lerp(gradients, means, group["momentum"])  # Nesterov's
                # One call for all: a GPU takes longer to be told of a matrix than to turn it.
                turned = orthogonal(torch.stack([matrix.flatten(1) for matrix in ahead]))
                length = LENGTH * max(turned.shape[1:]) ** 0.5
                steps = [step.view_as(parameter) for step, parameter in zip(turned, alike, strict=True)]
                torch._foreach_add_(alike, steps, alpha=-group["lr"] * length)
        return loss

    def _by_shape(self, parameters: Iterable[Tensor]) -> Iterable[list[Tensor]]:
        """Those that have gradients, in groups of one shape."""
        groups: dict[tuple[int, ...], list[Tensor]] = {}
        for parameter in parameters:
            if parameter.grad is None:
                continue
            if not self.state[parameter]:
                self.state[parameter]["mean"] = torch.zeros_like(parameter)
            groups.setdefault(tuple(parameter.shape), []).append(parameter)
        return groups.values()
