"""Warping and the stability loss, against closed forms."""

import torch

from vidstyle.temporal.losses import feature_steadiness, inside, steadiness
from vidstyle.temporal.random_flow import random_flow
from vidstyle.temporal.warp import warp


def test_a_whole_pixel_flow_is_a_shift() -> None:
    frames = torch.rand(2, 3, 12, 16)
    flow = torch.zeros(2, 2, 12, 16)
    flow[:, 0], flow[:, 1] = 3, -2
    torch.testing.assert_close(warp(frames, flow)[..., 2:, :-3], frames[..., :-2, 3:])


def test_half_a_pixel_is_the_mean_of_two() -> None:
    frames = torch.rand(1, 1, 6, 8)
    flow = torch.zeros(1, 2, 6, 8)
    flow[:, 0] = 0.5
    torch.testing.assert_close(warp(frames, flow)[..., :-1], (frames[..., 1:] + frames[..., :-1]) / 2)


def test_a_painting_that_moves_with_its_content_is_steady() -> None:
    frames, flow = torch.rand(2, 3, 64, 64), random_flow(2, 64, 64, generator=torch.Generator().manual_seed(1))
    assert steadiness(frames, warp(frames, flow), flow) < 1e-6
    torch.testing.assert_close(steadiness(frames, warp(frames, flow) + 0.25, flow), torch.tensor(0.25))


def test_light_may_change_a_painting_as_it_does_the_content() -> None:
    first, flow = torch.rand(1, 3, 32, 40), torch.zeros(1, 2, 32, 40)
    painted, brighter = 0.5 * first, first + 0.1
    mask = torch.ones(1, 1, 32, 40)
    assert steadiness(painted, painted + 0.1, flow, mask, (first, brighter)) < 1e-6
    torch.testing.assert_close(steadiness(painted, painted, flow, mask, (first, brighter)), torch.tensor(0.1))
    mask[..., :20] = 0
    changed = torch.cat([painted[..., :20] + 1, painted[..., 20:]], -1)  # only where nobody looks
    assert steadiness(painted, changed, flow, mask) < 1e-6


def test_features_at_an_eighth_of_the_size_move_an_eighth_as_far() -> None:
    features = torch.rand(1, 5, 9, 11)  # of a picture of 64×80 and its padding
    flow = torch.full((1, 2, 64, 80), 8.0)
    moved = features.roll((-1, -1), (2, 3))
    assert feature_steadiness(features, moved, flow, inside(flow)) < 1e-5
    assert feature_steadiness(features, features, flow, inside(flow)) > 0.1


def test_random_flow_has_the_size_that_was_asked_for() -> None:
    flow = random_flow(64, 48, 40, local=0.0, shift=10.0, generator=torch.Generator().manual_seed(2))
    assert flow.shape == (64, 2, 48, 40)
    # Without a local part every pixel of a picture moves alike, by at most `shift`.
    assert flow.std(dim=(2, 3)).max() < 1e-4
    assert 5 < flow.abs().max() <= 10
