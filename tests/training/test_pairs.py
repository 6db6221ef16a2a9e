"""Pairs for the temporal terms."""

import pytest
import torch

from vidstyle.training import pairs


def test_what_moves_by_whole_pixels_is_not_resampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "WHOLE", 1.0)
    torch.manual_seed(4)
    pictures = torch.rand(3, 3, 64, 64)
    pair = pairs.made_up(pictures)
    for number in range(3):
        dx, dy = pair.flow[number, :, 0, 0].int().tolist()
        assert (pair.flow[number] == torch.tensor([dx, dy])[:, None, None]).all()
        moved = pictures[number].roll((-dy, -dx), (1, 2))
        noise = (pair.later[number] - moved)[(pair.mask[number] > 0).expand(3, -1, -1)]
        assert noise.abs().max() < 6 * 0.02
    assert pair.flow.abs().sum() > 0
