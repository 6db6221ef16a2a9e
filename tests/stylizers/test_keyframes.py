"""Keyframes on a made-up pan: a negative, painted by hand for two frames, must become the negative of all."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from vidstyle.errors import OptionError
from vidstyle.nets.magenta import Magenta
from vidstyle.pictures import as_image
from vidstyle.stylizers import Gatys, GatysOptions, KeyframeOptions, Keyframes, StyleCode, Stylizer
from vidstyle.zoo import Card, save

LENGTH = 9


@pytest.fixture
def pan() -> torch.Tensor:
    """(9, 3, 72, 96): a soft picture that moves by 2 pixels a frame."""
    torch.manual_seed(0)
    whole = F.interpolate(torch.rand(1, 3, 16, 24), (72, 96 + 2 * LENGTH), mode="bicubic").clamp(0.1, 0.9)
    return torch.cat([whole[..., 2 * at : 2 * at + 96] for at in range(LENGTH)])


class Seen:
    """A painter and what it said of its keyframes."""

    def __init__(self, model: Path, **options: object) -> None:
        self.keyframes: list[tuple[int, bool]] = []
        gatys = Gatys(GatysOptions(steps=2, coarsest=32), device="cpu")
        self.painter = Keyframes(
            gatys,
            Stylizer(model, device="cpu", runtime="pytorch"),
            KeyframeOptions(**options),  # type: ignore[arg-type]
            lambda number, found: self.keyframes.append((number, found)),
        )

    def __call__(self, frames: torch.Tensor, style: int = 1) -> tuple[torch.Tensor, StyleCode]:
        memory = self.painter.remember("fast")
        picture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(style))
        code = self.painter.encode_style(picture, size=64)
        done = [self.painter(frame, code, memory) for frame in frames.split(1)]
        return torch.cat([*done, *self.painter.finish(memory)]), code


def test_what_is_painted_by_hand_is_carried_to_all_frames(pan: torch.Tensor, model: Path, tmp_path: Path) -> None:
    for number in (0, LENGTH - 1):
        as_image(1 - pan[number]).save(tmp_path / f"{number:06}.png")
    seen = Seen(model, every=100, covered=0.0, folder=tmp_path)
    painted, _ = seen(pan)
    assert seen.keyframes == [(0, True), (LENGTH - 1, True)]
    assert painted.shape == pan.shape
    assert (painted - (1 - pan)).abs().mean() < 0.02
    # What enters at the border only the second keyframe shows.
    assert (painted - (1 - pan))[3:6, :, 8:-8, -6:].abs().mean() < 0.06


def test_keyframes_come_by_number_by_cover_and_at_cuts(pan: torch.Tensor, model: Path, tmp_path: Path) -> None:
    every = Seen(model, every=4, covered=0.0, folder=tmp_path)
    first, _ = every(pan)
    assert [number for number, _ in every.keyframes] == [0, 4, 8]
    again = Seen(model, every=4, covered=0.0, folder=tmp_path)
    second, _ = again(pan)
    assert again.keyframes == [(0, True), (4, True), (8, True)]
    assert (first[[0, 4, 8]] - second[[0, 4, 8]]).abs().max() < 0.01  # PNGs of 8 bits

    for frames, style in ((pan, 2), (1 - pan, 1)):
        with pytest.raises(OptionError, match="another --keyframes folder"):
            again(frames, style)

    uncovered = Seen(model, every=100, covered=0.9)
    uncovered(pan)
    # After 5 steps of 2 pixels less than 86 of 96 columns are left; near the border a flow is not exact.
    assert uncovered.keyframes[1][0] in (3, 4, 5)

    cut = Seen(model, every=100, covered=0.0)
    both = torch.cat([pan[:4], 1 - pan[:3].flip(2)])
    painted, _ = cut(both)
    assert [number for number, _ in cut.keyframes] == [0, 4]
    assert len(painted) == 7


def test_what_was_covered_comes_back_as_it_was(model: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    ground = F.interpolate(torch.rand(1, 3, 12, 16), (72, 96), mode="bicubic").clamp(0.1, 0.9)
    covered = ground.clone()
    covered[..., 20:50, 30:60] = F.interpolate(torch.rand(1, 3, 8, 8), (30, 30), mode="bicubic").clamp(0, 1)
    for number, picture in enumerate((ground, covered)):
        as_image(1 - picture[0]).save(tmp_path / f"{number:06}.png")
    seen = Seen(model, every=1, folder=tmp_path)
    # With next to no other terms, a keyframe stays what it begins as.
    seen.painter.gatys.options = GatysOptions(content=1e-6, style=0, variation=0, temporal=1000, steps=2, coarsest=32)
    painted, _ = seen(torch.cat([ground, covered, ground]))
    assert seen.keyframes == [(0, True), (1, True), (2, False)]
    hidden = (painted[2] - (1 - ground[0]))[:, 24:46, 34:56].abs().mean()
    assert hidden < 0.1 < (ground[0] - (1 - ground[0]))[:, 24:46, 34:56].abs().mean()


def test_every_frame_by_itself_without_a_memory(pan: torch.Tensor, model: Path) -> None:
    painter = Seen(model).painter
    assert painter.remember("off") is None
    code = painter.encode_style(torch.rand(1, 3, 64, 64), size=64)
    assert painter(pan[:2], code).shape == pan[:2].shape
    torch.testing.assert_close(painter(pan[:1], StyleCode(code.tensors, 0.0)), pan[:1])


def test_what_cannot_fill_in_is_named(tmp_path: Path) -> None:
    save(
        Magenta((4, 4, 4), 1, 2), Card(name="two", architecture="magenta"), tmp_path / "two.safetensors", torch.float32
    )
    with pytest.raises(OptionError, match="a style of its own"):
        Seen(tmp_path / "two.safetensors")
    with pytest.raises(OptionError, match="1 to 250"):
        KeyframeOptions(every=0)
