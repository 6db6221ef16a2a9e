"""Too little memory: smaller batches, then tiles, then a clear error."""

import pytest
import torch

from vidstyle.errors import OptionError, OutOfMemory
from vidstyle.nets.statistics import InstanceNorm
from vidstyle.runtime.memory import Thrifty


def painter(limit: int, calls: list[tuple[int, ...]]):
    """Inverts; a device that holds `limit` pixels at once."""

    def paint(frames: torch.Tensor) -> torch.Tensor:
        calls.append(tuple(frames.shape))
        if frames.shape[0] * frames.shape[2] * frames.shape[3] > limit:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return 1 - frames

    return paint


def test_batches_are_halved_and_the_size_that_fits_is_kept() -> None:
    calls: list[tuple[int, ...]] = []
    notes: list[str] = []
    thrifty, paint = Thrifty(notes.append), painter(2 * 100 * 100, calls)
    frames = torch.rand(8, 3, 100, 100)
    torch.testing.assert_close(thrifty(paint, frames), 1 - frames)
    calls.clear()
    torch.testing.assert_close(thrifty(paint, frames), 1 - frames)
    assert {shape[0] for shape in calls} == {2}
    assert len(notes) == 2  # 8 -> 4, 4 -> 2


def test_a_frame_too_large_is_painted_in_tiles_without_a_seam() -> None:
    thrifty = Thrifty()
    frame = torch.rand(1, 3, 700, 1100)
    torch.testing.assert_close(thrifty(painter(400 * 400, []), frame), 1 - frame)


def test_tiles_are_normalised_alike() -> None:
    """A ramp of brightness: normalised by itself, every tile would begin dark again."""
    net = InstanceNorm(3)
    frame = torch.linspace(0, 1, 1024).expand(1, 3, 512, 1024)
    thrifty = Thrifty(tile=256)
    torch.testing.assert_close(thrifty(net, frame), net(frame), atol=0.02, rtol=0)
    # A frame that is no larger than a tile stays whole.
    small = torch.rand(1, 3, 100, 256)
    torch.testing.assert_close(thrifty(net, small), net(small))


def test_tiles_too_small_to_make_sense_are_named() -> None:
    with pytest.raises(OptionError, match="256"):
        Thrifty(tile=64)


def test_not_even_a_tile_fits() -> None:
    with pytest.raises(OutOfMemory, match="--max-side"):
        Thrifty()(painter(1000, []), torch.rand(1, 3, 600, 600))
