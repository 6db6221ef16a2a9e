"""Chains of flows against motions that are known."""

import torch

from vidstyle.temporal.chain import Chain, agreement
from vidstyle.temporal.flow import flow_estimator


def test_steps_add_up_and_what_leaves_is_not_trusted() -> None:
    seen = torch.rand(1, 1, 40, 60)
    step = torch.zeros(1, 2, 40, 60)
    step[:, 0] = 3.0  # what a frame shows, the one before it shows 3 pixels to the right
    chain = Chain.at(seen)
    for _ in range(5):
        chain = chain.extended(Chain(step, agreement(step, -step)))
    torch.testing.assert_close(chain.flow, 5 * step)
    assert chain.trust[..., : 60 - 15].min() > 0.99
    assert chain.trust[..., 60 - 14 :].max() < 0.01


def test_a_way_that_does_not_lead_home_is_not_trusted() -> None:
    step = torch.zeros(1, 2, 40, 60)
    step[:, 1] = 4.0
    assert agreement(step, torch.zeros_like(step)).max() < 0.01


def test_what_looks_otherwise_is_not_trusted() -> None:
    torch.manual_seed(0)
    seen = torch.nn.functional.interpolate(torch.rand(1, 1, 5, 8), (40, 64), mode="bicubic").clamp(0, 1)
    changed = seen.clone()
    changed[..., 10:30, 20:40] = (changed[..., 10:30, 20:40] + 0.4).clamp(max=1.5)
    trust = Chain.at(seen).checked(seen, changed)
    assert trust[..., 13:27, 23:37].max() < 0.01
    assert trust[..., :6, :].min() > 0.99


def test_a_flat_place_stays_where_it_is_when_the_light_changes() -> None:
    torch.manual_seed(0)
    sky = torch.nn.functional.interpolate(torch.rand(1, 1, 5, 8), (96, 160), mode="bicubic") * 0.03 + 0.8
    first, second = (sky + light + torch.randn_like(sky) * 0.002 for light in (0.0, 0.01))
    for way in Chain.both_ways(flow_estimator("dis"), first, second):
        assert way.trust.mean() > 0.85


def test_what_is_uncovered_is_not_taken_to_rest() -> None:
    torch.manual_seed(0)
    behind, thing = torch.rand(1, 1, 96, 160), torch.rand(1, 1, 48, 48)
    first, second = behind.clone(), behind.clone()
    first[..., 24:72, 40:88] = second[..., 24:72, 52:100] = thing

    def known(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        flow = torch.zeros(1, 2, 96, 160)
        if one is first:
            flow[:, 0, 24:72, 40:88] = 12
        else:
            flow[:, 0, 24:72, 52:100] = -12
        return flow

    there = Chain.between(known, second, first)
    assert there.trust[..., 26:70, 42:50].max() < 0.01  # here the thing was
    assert there.trust[..., 26:70, 54:98].min() > 0.99
    assert there.trust[..., :22, :].min() > 0.99
