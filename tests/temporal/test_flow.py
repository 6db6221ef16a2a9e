"""Flow and occlusion, against ground truth and closed forms."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from vidstyle.evaluation.steadiness import motions, warping_error
from vidstyle.temporal.flow import flow_estimator
from vidstyle.temporal.occlusion import visible

FLOW = Path(__file__).parents[2].parent / "shared" / "media" / "flow" / "mmflow_tests"


def texture(height: int, width: int) -> torch.Tensor:
    noise = np.random.default_rng(0).random((height, width, 3), np.float32)
    return torch.from_numpy(cv2.GaussianBlur(noise, (0, 0), 2) * 3 - 1).clamp(0, 1).permute(2, 0, 1)[None]


def test_a_shift_is_found() -> None:
    frame = texture(96, 160)
    flow = flow_estimator("dis")(frame[..., 8:88, 10:150], frame[..., 5:85, 6:146])
    inside = flow[..., 12:-12, 12:-12]
    assert (inside - torch.tensor([4.0, 3.0]).view(1, 2, 1, 1)).abs().mean() < 0.2


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


def test_warping_error_is_the_mean_square_of_what_changes() -> None:
    frame = texture(96, 160)
    contents = [frame[..., 2 * i : 64 + 2 * i, i : 120 + i] for i in range(4)]
    known = motions(contents, 1, flow_estimator("dis"))
    assert warping_error(contents, known, 1) < 1e-4
    flickering = [content + 0.1 * (-1) ** i for i, content in enumerate(contents)]
    assert abs(warping_error(flickering, known, 1) - 0.04) < 2e-3
