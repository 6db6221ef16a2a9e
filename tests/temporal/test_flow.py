"""Flow and occlusion, against ground truth and closed forms."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from vidstyle.errors import OptionError
from vidstyle.evaluation.clips import motions
from vidstyle.evaluation.steadiness import warping_error
from vidstyle.temporal.flow import flow_estimator
from vidstyle.temporal.flow.raft import Raft
from vidstyle.temporal.occlusion import visible
from vidstyle.temporal.random_flow import random_flow
from vidstyle.temporal.warp import warp

FLOW = Path(__file__).parents[2].parent / "shared" / "media" / "flow" / "mmflow_tests"


def texture(height: int, width: int) -> torch.Tensor:
    noise = np.random.default_rng(0).random((height, width, 3), np.float32)
    return torch.from_numpy(cv2.GaussianBlur(noise, (0, 0), 2) * 3 - 1).clamp(0, 1).permute(2, 0, 1)[None]


@pytest.mark.parametrize("name", ["dis", "dis-fast", "dis-ultrafast", "farneback", "lk"])
@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_a_shift_is_found_in_every_pair_of_a_batch(name: str, scale: float) -> None:
    frame = texture(96, 160)
    first = torch.cat([frame[..., 8:88, 10:150], frame[..., 5:85, 6:146]])
    flow = flow_estimator(name, scale=scale)(first, first.flip(0))
    assert flow.shape == (2, 2, 80, 140)
    inside, expected = flow[..., 12:-12, 12:-12], torch.tensor([[4.0, 3.0], [-4.0, -3.0]])[..., None, None]
    assert (inside - expected).abs().mean() < 0.3


@pytest.mark.parametrize(("name", "pixels"), [("dis", 0.2), ("lk", 0.1)])
def test_a_smooth_motion_is_found_to_a_fraction_of_a_pixel(name: str, pixels: float) -> None:
    second = texture(128, 160)
    known = random_flow(1, 128, 160, local=1.0, shift=3.0, generator=torch.Generator().manual_seed(4))
    error = (flow_estimator(name)(warp(second, known), second) - known)[..., 12:-12, 12:-12].norm(dim=1)
    assert error.median() < pixels


def test_a_flow_that_cannot_be_had_is_named() -> None:
    with pytest.raises(OptionError, match="farneback"):
        flow_estimator("brox")


def test_raft_takes_frames_of_any_size() -> None:
    assert Raft(weights=False)(texture(50, 70), texture(50, 70)).shape == (1, 2, 50, 70)


@pytest.mark.skipif(not FLOW.exists(), reason="needs ../shared/media/flow")
def test_flow_is_near_the_ground_truth() -> None:
    first, second = (
        torch.from_numpy(cv2.imread(str(FLOW / f"0000000-img_{i}.png"))[..., ::-1].copy()).permute(2, 0, 1)[None] / 255
        for i in (0, 1)
    )
    truth = torch.from_numpy(cv2.readOpticalFlow(str(FLOW / "0000000-flow_01.flo"))).permute(2, 0, 1)[None]
    error = (flow_estimator("dis")(first, second) - truth).norm(dim=1)
    assert error.median() < 1


def test_what_is_covered_or_leaves_the_frame_is_not_visible() -> None:
    """A block of 20 × 20 moves 6 to the right over a still ground."""
    flow, opposite = torch.zeros(1, 2, 60, 80), torch.zeros(1, 2, 60, 80)
    flow[:, 0, 20:40, 30:50] = 6
    opposite[:, 0, 20:40, 36:56] = -6
    mask = visible(flow, opposite)[0, 0]
    assert mask[22:38, 32:48].min() == 1  # the block
    assert mask[:18].min() == 1  # the ground
    assert mask[22:38, 51:55].max() == 0  # the ground that the block is about to cover
    assert visible(torch.full((1, 2, 8, 8), 5.0), torch.full((1, 2, 8, 8), -5.0))[0, 0, :, 4:].max() == 0


def test_the_occlusion_rule_does_not_depend_on_the_size_of_the_flow() -> None:
    """A shift of 8 pixels that the way back misses by 0.65: within the rule at full size, and so at a quarter of it."""
    for scale in (1.0, 0.25):
        flow, back = torch.zeros(1, 2, 40, 60), torch.zeros(1, 2, 40, 60)
        for missed, seen in ((0.65, 1), (1.6, 0)):
            flow[:, 0], back[:, 0] = 8 * scale, (-8 - missed) * scale
            assert visible(flow, back, scale)[0, 0, :, :40].unique().tolist() == [seen]


def test_warping_error_is_the_mean_square_of_what_changes() -> None:
    frame = texture(96, 160)
    contents = [frame[..., 2 * i : 64 + 2 * i, i : 120 + i] for i in range(4)]
    known = motions(contents, 1, flow_estimator("dis"))
    assert warping_error(contents, known, 1) < 1e-4
    flickering = [content + 0.1 * (-1) ** i for i, content in enumerate(contents)]
    assert abs(warping_error(flickering, known, 1) - 0.04) < 2e-3
