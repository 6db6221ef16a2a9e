"""Steadiness of made-up clips whose motion and flicker are known."""

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.errors import OptionError
from vidstyle.temporal import ClipMemory
from vidstyle.temporal.cuts import is_cut, thumbnail
from vidstyle.temporal.stabiliser import LEVELS, PARTS, Stabiliser, find_level


def texture(seed: int, height: int = 120, width: int = 200) -> Tensor:
    noise = np.random.default_rng(seed).random((height, width, 3), np.float32)
    return torch.from_numpy(cv2.GaussianBlur(noise, (0, 0), 2) * 3 - 1).clamp(0, 1).permute(2, 0, 1)[None]


def panning(count: int, seed: int = 0) -> list[Tensor]:
    """A still picture under a camera that moves by two pixels a frame."""
    wide = texture(seed, 96, 144 + 2 * count)
    return [wide[..., 2 * i : 2 * i + 144] for i in range(count)]


def steadied(
    contents: list[Tensor], painted: list[Tensor], level: str, memory: ClipMemory | None = None
) -> list[Tensor]:
    stabiliser, memory = Stabiliser(level), memory or ClipMemory(level)
    found: list[Tensor] = []
    for index, (content, painting) in enumerate(zip(contents, painted, strict=True)):
        found += stabiliser(content, painting, memory, index)
    return found + stabiliser.finish(memory)


def along(frames: list[Tensor]) -> Tensor:
    """What the pixels of the first frame of `panning` become, frame by frame."""
    count = len(frames)
    return torch.cat([frame[..., 8:-8, 2 * (count - i) : 2 * (count - i) + 80] for i, frame in enumerate(frames)])


@pytest.mark.parametrize("level", LEVELS)
def test_flicker_along_the_motion_is_less(level: str) -> None:
    contents = panning(16)
    flickering = [(0.8 * c + 0.1 + 0.06 * (-1) ** i).clamp(0, 1) for i, c in enumerate(contents)]
    steps = [
        along(frames).diff(dim=0).square()[3:].mean() for frames in (flickering, steadied(contents, flickering, level))
    ]
    assert steps[1] < 0.35 * steps[0]


@pytest.mark.parametrize("level", LEVELS)
def test_noise_on_a_still_camera_is_averaged(level: str) -> None:
    """A mean that keeps 0.99 of what it holds has (1 − 0.99) / (1 + 0.99) of the noise's variance."""
    still, generator = texture(1), torch.Generator().manual_seed(0)
    noisy = [(0.6 * still + 0.2 + 0.03 * torch.randn(still.shape, generator=generator)).clamp(0, 1) for _ in range(40)]
    found = torch.cat(steadied(noisy, noisy, level))
    assert found[15:].var(dim=0).mean() < 0.2 * torch.cat(noisy)[15:].var(dim=0).mean()


@pytest.mark.parametrize("level", LEVELS)
def test_noise_on_a_flat_wall_moves_no_strokes(level: str) -> None:
    """Of a wall without any detail an estimator sees the noise move, by pixels; what is painted there must not."""
    generator = torch.Generator().manual_seed(0)
    wall = F.interpolate(texture(1, 12, 16), (240, 360), mode="bicubic") * 0.03 + 0.5
    noisy = [(wall + 0.01 * torch.randn(wall.shape, generator=generator)).clamp(0, 1) for _ in range(30)]
    found = steadied(noisy, [texture(2, 240, 360)] * 30, level)
    changes = [torch.cat(frames)[15:].diff(dim=0).square().mean() for frames in (found, noisy)]
    assert changes[0] < changes[1]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("count", [24, 100])
def test_a_fade_to_black_is_followed(level: str, count: int) -> None:
    still, generator = texture(1), torch.Generator().manual_seed(0)
    light = [1.0] * 4 + torch.linspace(1, 0, count).tolist()
    faded = [(x * still + 0.01 * torch.randn(still.shape, generator=generator)).clamp(0, 1) for x in light]
    late = [found.mean() - frame.mean() for found, frame in zip(steadied(faded, faded, level), faded, strict=True)]
    assert max(map(abs, late)) < 0.03


@pytest.mark.parametrize("level", LEVELS)
def test_a_slow_motion_is_followed(level: str) -> None:
    """A tenth of a pixel a frame is as small as noise, and after forty frames four pixels: no error may add up."""
    fine = texture(7, 96, 200)
    wide = torch.nn.functional.interpolate(fine, (960, 2000), mode="bicubic").clamp(0, 1)
    contents = [torch.nn.functional.avg_pool2d(wide[..., i : i + 1440], 10) for i in range(40)]
    found = steadied(contents, contents, level)
    wrong = (found[-1] - contents[-1])[..., 8:-8, 8:-8].abs().mean()
    assert wrong < 0.25 * (contents[-11] - contents[-1])[..., 8:-8, 8:-8].abs().mean()  # of a pixel's motion


@pytest.mark.parametrize("level", LEVELS)
def test_what_comes_into_view_carries_no_ghost(level: str) -> None:
    """A bright block crosses a dark ground; where it was, the ground must look as it is painted."""
    ground = 0.3 * texture(2)
    contents = []
    for i in range(20):
        frame = ground.clone()
        frame[..., 40:80, 10 + 6 * i : 50 + 6 * i] = 0.7 + 0.3 * texture(3)[..., :40, :40]
        contents.append(frame)
    found = steadied(contents, contents, level)
    for i in range(8, 20):
        left = (..., slice(44, 76), slice(max(0, 10 + 6 * i - 40), 10 + 6 * i - 4))
        assert (found[i][left] - ground[left]).abs().mean() < 0.02


def test_what_was_covered_comes_back_as_it_was() -> None:
    """A square is hidden for three frames. Half of what is then seen of it is what was held of it before."""
    square = (..., slice(40, 80), slice(60, 120))
    contents = [texture(1).clone() for _ in range(16)]
    for frame in contents[8:11]:
        frame[square] = texture(2)[square]
    painted = [0.8 * frame + 0.2 * texture(100 + i) for i, frame in enumerate(contents)]
    changes = [(f[11] - f[7])[square].square().mean() for f in (painted, steadied(contents, painted, "best"))]
    assert changes[1] < 0.5 * changes[0]  # half the change squared is a quarter; at the edges it is more


@pytest.mark.parametrize("level", LEVELS)
def test_nothing_is_carried_over_a_cut(level: str) -> None:
    contents = panning(6) + panning(6, seed=5)
    contents[6:] = [0.2 * c for c in contents[6:]]
    found = steadied(contents, contents, level)
    assert len(found) == 12
    torch.testing.assert_close(found[6], contents[6], atol=0.02, rtol=0)
    alone = steadied(contents[6:], contents[6:], level)
    torch.testing.assert_close(torch.cat(found[6:]), torch.cat(alone))


def test_a_gap_is_no_motion() -> None:
    stabiliser, memory, contents = Stabiliser("fast"), ClipMemory(), panning(12)
    for index in (0, 1, 2):
        stabiliser(contents[index], contents[index], memory, index)
    (after,) = stabiliser(contents[9], 0.5 * contents[9], memory, 9)
    torch.testing.assert_close(after, 0.5 * contents[9], atol=1e-4, rtol=0)


@pytest.mark.parametrize("level", LEVELS)
def test_a_clip_goes_on_from_a_saved_memory(level: str) -> None:
    contents = panning(12)
    painted = [(c + 0.05 * (-1) ** i).clamp(0, 1) for i, c in enumerate(contents)]
    stabiliser, memory = Stabiliser(level), ClipMemory(level)
    found: list[Tensor] = []
    for i in range(12):
        if i == 7:
            memory = ClipMemory.from_tensors(memory.to_tensors())
        found += stabiliser(contents[i], painted[i], memory, i)
    found += stabiliser.finish(memory)
    torch.testing.assert_close(torch.cat(found), torch.cat(steadied(contents, painted, level)))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("size", [(16, 16), (16, 300), (31, 88), (60, 2000), (700, 16)])
def test_frames_may_have_any_shape(level: str, size: tuple[int, int]) -> None:
    frames = [texture(i, *size) for i in range(3)]
    assert [frame.shape for frame in steadied(frames, frames, level)] == [(1, 3, *size)] * 3


def test_of_a_larger_frame_more_is_seen() -> None:
    """Twice as long and as wide, so that what is seen moves by as many of its pixels."""
    large, small = (Stabiliser("fast").look(torch.zeros(1, 3, *size)).luma for size in ((720, 1280), (360, 640)))
    assert large.shape[-1] == pytest.approx(2 * small.shape[-1], abs=2)
    assert Stabiliser("fast").look(torch.zeros(1, 3, 2160, 3840)).luma.numel() < 120_000  # that much takes long


def test_nothing_drifts_in_a_thousand_frames() -> None:
    frame = texture(4, 48, 64)
    stabiliser, memory = Stabiliser("fast"), ClipMemory()
    for index in range(1000):
        (found,) = stabiliser(frame, frame, memory, index)
    torch.testing.assert_close(found, frame, atol=1e-4, rtol=0)


def test_cuts_are_told_from_light() -> None:
    frame, other = panning(1)[0], 0.3 * panning(1, seed=9)[0]
    assert not is_cut(thumbnail(frame), thumbnail(0.9 * frame))
    assert is_cut(thumbnail(frame), thumbnail(other))


@pytest.mark.parametrize("level", LEVELS)
def test_a_fast_pan_is_no_cut(level: str) -> None:
    wide = texture(6, 96, 400)
    contents = [wide[..., 8 * i : 8 * i + 144] for i in range(12)]
    assert is_cut(thumbnail(contents[0]), thumbnail(contents[1]))  # without a look at the motion
    painted = [(0.8 * c + 0.1 + 0.06 * (-1) ** i).clamp(0, 1) for i, c in enumerate(contents)]
    means = [
        torch.stack([frame[..., 20:-20].mean() for frame in frames]).diff()
        for frames in (painted, steadied(contents, painted, level))
    ]
    assert means[1][2:].abs().mean() < 0.8 * means[0][2:].abs().mean()


def test_a_level_that_is_not_there_is_named() -> None:
    with pytest.raises(OptionError, match="fast or best"):
        Stabiliser("fastest")
    with pytest.raises(ValueError, match="memory"):
        ClipMemory.from_tensors({})


def appearing() -> list[Tensor]:
    """A noisy picture before a still camera; from the fourth frame on it has a square that was not there."""
    generator = torch.Generator().manual_seed(0)
    frames = [texture(1).add(0.02 * torch.randn(1, 3, 120, 200, generator=generator)).clamp(0, 1) for _ in range(6)]
    for frame in frames[3:]:
        frame[..., 40:80, 60:120] = texture(2)[..., 40:80, 60:120]
    return frames


def test_parts_of_a_level_can_be_left_out() -> None:
    frames = appearing()
    found = {name: torch.cat(steadied(frames, frames, name)) for name in ("best", *(f"best-{part}" for part in PARTS))}
    for part in PARTS:
        assert (found["best"] - found[f"best-{part}"]).abs().max() > 0.01, part
    assert len(Stabiliser("best-ahead")(frames[0], frames[0], ClipMemory("best-ahead"))) == 1
    assert find_level("best-ahead-colours").shares == LEVELS["best"].shares
    with pytest.raises(OptionError, match="parts: "):
        find_level("fast-magic")
