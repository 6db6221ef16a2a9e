"""Chains of flows against motions that are known."""

import torch

from vidstyle.temporal.chain import Chain


def test_steps_add_up_and_what_leaves_is_not_trusted() -> None:
    seen = torch.rand(1, 1, 40, 60)
    step = torch.zeros(1, 2, 40, 60)
    step[:, 0] = 3.0  # what a frame shows, the one before it shows 3 pixels to the right
    chain = Chain.at(seen)
    for _ in range(5):
        chain = chain.extended(step, -step)
    torch.testing.assert_close(chain.flow, 5 * step)
    assert chain.trust[..., : 60 - 15].min() > 0.99
    assert chain.trust[..., 60 - 14 :].max() < 0.01


def test_a_way_that_does_not_lead_home_is_not_trusted() -> None:
    seen = torch.rand(1, 1, 40, 60)
    step = torch.zeros(1, 2, 40, 60)
    step[:, 1] = 4.0
    chain = Chain.at(seen).extended(step, torch.zeros_like(step))
    assert chain.trust.max() < 0.01


def test_what_looks_otherwise_is_not_trusted() -> None:
    torch.manual_seed(0)
    seen = torch.nn.functional.interpolate(torch.rand(1, 1, 5, 8), (40, 64), mode="bicubic").clamp(0, 1)
    changed = seen.clone()
    changed[..., 10:30, 20:40] = (changed[..., 10:30, 20:40] + 0.4).clamp(max=1.5)
    trust = Chain.at(seen).checked(seen, changed)
    assert trust[..., 13:27, 23:37].max() < 0.01
    assert trust[..., :6, :].min() > 0.99
