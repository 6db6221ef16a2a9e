"""Several passes over a made-up pan, whose motion is known."""

import pytest
import torch
import torch.nn.functional as F

from vidstyle.errors import OptionError
from vidstyle.stylizers import Gatys, GatysOptions, Passes
from vidstyle.stylizers.gatys import passes as module
from vidstyle.stylizers.gatys import stylizer
from vidstyle.stylizers.gatys.held import Held

LENGTH = 5


@pytest.fixture
def pan() -> torch.Tensor:
    """(5, 3, 64, 80): a soft picture that moves by 2 pixels a frame."""
    torch.manual_seed(0)
    whole = F.interpolate(torch.rand(1, 3, 16, 24), (64, 80 + 2 * LENGTH), mode="bicubic").clamp(0.1, 0.9)
    return torch.cat([whole[..., 2 * at : 2 * at + 80] for at in range(LENGTH)])


def unsteady(frames: torch.Tensor) -> float:
    """How unlike frames are to the ones before, moved; away from the borders."""
    return float((frames[1:, :, :, 8:-10] - frames[:-1, :, :, 10:-8]).abs().mean())


def painted(frames: torch.Tensor, count: int, told: list[tuple[int, int]] | None = None) -> torch.Tensor:
    gatys = Gatys(GatysOptions(steps=12, coarsest=32, temporal=500, init="noise"), device="cpu")
    painter = Passes(gatys, count, lambda number, frame: told.append((number, frame)) if told is not None else None)
    torch.manual_seed(1)
    code = painter.encode_style(torch.rand(1, 3, 64, 64), size=64)
    memory = painter.remember("fast")
    done = [painter(frame, code, memory) for frame in frames.split(1)]
    return torch.cat([*done, *painter.finish(memory)])


def test_every_pass_turns_round_and_makes_the_clip_steadier(pan: torch.Tensor) -> None:
    told: list[tuple[int, int]] = []
    one, four = painted(pan, 1), painted(pan, 4, told)
    order = list(range(LENGTH))
    assert told == [(number, frame) for number in range(4) for frame in (order, order[::-1])[number % 2]]
    assert one.shape == four.shape == pan.shape
    assert unsteady(four) < 0.8 * unsteady(one)


def test_a_later_pass_begins_half_way_between_what_was_and_what_the_neighbour_brings(
    pan: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[torch.Tensor] = []

    def unchanged(energy: object, picture: torch.Tensor, *rest: object) -> torch.Tensor:
        begun.append(picture)
        return picture

    monkeypatch.setattr(stylizer, "descend", unchanged)
    still = pan[:1].expand(2, -1, -1, -1)
    painter = Passes(Gatys(GatysOptions(coarsest=64), device="cpu"), 2)
    memory = painter.remember("fast")
    code = painter.encode_style(torch.rand(1, 3, 64, 64), size=64)
    for frame in still.split(1):
        painter(frame, code, memory)
    memory.frames[0].painted, memory.frames[1].painted = torch.zeros_like(still[:1]), torch.ones_like(still[:1])
    held = Held(torch.ones_like(still[:1]), torch.ones_like(still[:1, :1]))
    painter._once_more(memory.frames[0], held)
    torch.testing.assert_close(begun[-1], torch.full_like(still[:1], 0.5))


def test_a_cut_ends_the_passes_of_a_shot(pan: torch.Tensor) -> None:
    told: list[tuple[int, int]] = []
    done = painted(torch.cat([pan[:3], 1 - pan[:2].flip(2)]), 2, told)
    assert len(done) == 5
    assert told == [(0, 0), (0, 1), (0, 2), (1, 2), (1, 1), (1, 0), (0, 3), (0, 4), (1, 4), (1, 3)]


def test_a_long_shot_goes_on_from_its_first_part(pan: torch.Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STORED", 3 * (4 * pan[0].numel() + 28 * 64 * 80))
    told: list[tuple[int, int]] = []
    done = painted(pan, 2, told)
    assert [frame for number, frame in told if number == 0] == [0, 1, 2, 3, 4]
    assert told[3:6] == [(1, 2), (1, 1), (1, 0)]
    assert done.shape == pan.shape
    # No jump where the parts meet.
    assert unsteady(done[2:4]) < 1.5 * unsteady(done[:3])


def test_passes_that_make_no_sense_are_named() -> None:
    with pytest.raises(OptionError, match="1 to 20"):
        Passes(Gatys(device="cpu"), 0)
