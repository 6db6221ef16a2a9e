"""Paint clips at several temporal levels, and judge the paintings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from vidstyle.errors import InputError, OptionError
from vidstyle.perception import LPIPS, Perceptual
from vidstyle.pictures import load_square
from vidstyle.styles import Imagined, find_style
from vidstyle.stylizers import Stylizer
from vidstyle.temporal.flow import flow_estimator
from vidstyle.temporal.memory import ClipMemory
from vidstyle.temporal.stabiliser import Stabiliser, find_level
from vidstyle.zoo.generators import imagine, load_generator

from .clips import Clip, load_clip, read_frames
from .steadiness import Steadiness, judge_steadiness, roughness
from .temporal_report import Shown

__all__ = ["TemporalTrial", "steadied"]

STYLE_SIDE = 256


def steadied(contents: Sequence[Tensor], painted: Sequence[Tensor], level: str) -> list[Tensor]:
    """Frames that were painted one by one, made steady; both (1, 3, H, W) in [0, 1], on one device."""
    stabiliser, memory = Stabiliser(level, painted[0].device), ClipMemory(level)
    found: list[Tensor] = []
    for index, (content, painting) in enumerate(zip(contents, painted, strict=True)):
        found += stabiliser(content.to(painting.device), painting, memory, index)
    return found + stabiliser.finish(memory)


class TemporalTrial:
    """What was found, clip by clip, and what of it is to be seen in a report."""

    def __init__(
        self,
        encoder: Perceptual | None,
        lpips: LPIPS | None,
        levels: Sequence[str],
        styles: Sequence[str],
        flow: str,
        frames: int,
        side: int,
        device: str,
        show: bool = True,
    ) -> None:
        """styles: pictures, built-in names, `dcgan:SEED`, or numbers for models with styles of their own. frames, side:
        how much of a clip is painted, and at what size. show: whether there will be a report.

        OptionError for a level that is not there, and for styles of one name.
        """
        for level in levels:
            if level != "off":
                find_level(level)
        self.encoder, self.lpips, self.levels, self.device = encoder, lpips, levels, device
        self.styles = {style if _pictureless(style) else find_style(style).stem: style for style in styles}
        if len(self.styles) < len(styles):
            raise OptionError("give every style once, and pictures of different names")
        self.show = show
        self.estimate, self.frames, self.side = flow_estimator(flow), frames, side
        self.stylizers: dict[str, Stylizer] = {}
        self.found: list[Steadiness] = []
        self.shown: list[Shown] = []

    def judge_models(self, path: Path, models: Sequence[str]) -> None:
        """Paint a clip with every model in every style, and judge it at every level.

        A model that has one style in its weights paints once, and is not judged by another. OptionError for models of
        one name.
        """
        if len({Path(model).name for model in models}) < len(models):
            raise OptionError("give every model once, and files of different names")
        clip = load_clip(path, self.frames, self.side, self.estimate)
        self._content(clip)
        for number, style in enumerate(self.styles):
            columns = {"content": clip.frames}
            for model in models:
                if model not in self.stylizers:
                    # PyTorch paints too: OpenVINO's threads and those of the judge would be in each other's way.
                    self.stylizers[model] = Stylizer(model, self.device, runtime="pytorch")
                fixed = self.stylizers[model].fixed_style
                if not fixed or number == 0:
                    columns |= self._paintings(clip, model, "" if fixed else style)
            if self.show:
                self.shown.append(Shown.of(f"{clip.name}, {style}", clip.rate, columns))

    def _paintings(self, clip: Clip, model: str, style: str) -> dict[str, list[Tensor]]:
        """A clip painted by one model in one style, by level, judged."""
        stylizer, found = self.stylizers[model], {}
        code = stylizer.encode_style(self.styles[style] if style else None)
        alone = [stylizer(frame, code) for frame in clip.frames]
        for level in self.levels:
            made = alone if level == "off" else steadied(clip.frames, alone, level)
            found[f"{Path(model).name} {level}"] = painted = [frame.cpu() for frame in made]
            self._judge(clip, painted, model, level, style, roughness(alone))
        return found

    def judge_file(self, path: Path, painted: Path, styled: bool, per_frame: Path | None = None) -> None:
        """Judge the painting of a clip that is in a file.

        styled: whether it is in the first style. per_frame: the file of the same painted frame by frame.
        """
        clip = load_clip(path, self.frames, self.side, self.estimate)
        self._content(clip)
        files = {"off": per_frame, "as it is": painted}
        paintings = {level: self._painting(file, clip) for level, file in files.items() if file is not None}
        rough = roughness(paintings["off"]) if per_frame else None
        style = next(iter(self.styles)) if styled else ""
        for level, frames in paintings.items():
            self._judge(clip, frames, painted.name, level, style, rough)
        if self.show:
            columns = {f"{painted.name} {level}": frames for level, frames in paintings.items()}
            self.shown.append(Shown.of(clip.name, clip.rate, {"content": clip.frames, **columns}))

    def _painting(self, path: Path, clip: Clip) -> list[Tensor]:
        """The frames of a painting of a clip. InputError where they are not those of the clip."""
        frames, _ = read_frames(path, self.frames, self.side)
        there, wanted = (f"{len(x)} frames of {x[0].shape[-1]}×{x[0].shape[-2]}" for x in (frames, clip.frames))
        if there != wanted:
            raise InputError(f"{path} has {there}, {clip.name} {wanted}; give --frames and --side that both have")
        return frames

    def _content(self, clip: Clip) -> None:
        """The floor: the figures of the content itself."""
        figures, over_time = judge_steadiness(clip, clip.frames, None, None, self.lpips)
        self.found.append(Steadiness("content", "", clip.name, "", figures, over_time))

    def _judge(
        self, clip: Clip, painted: list[Tensor], model: str, level: str, style: str, rough: float | None
    ) -> None:
        target = self._target(style) if style else None
        figures, over_time = judge_steadiness(clip, painted, target, self.encoder, self.lpips)
        if rough:
            figures["sharpness"] = roughness(painted) / rough
        self.found.append(Steadiness(Path(model).name, level, clip.name, style, figures, over_time))

    def _target(self, style: str) -> Tensor | None:
        """The style as it is judged by, (1, 3, h, w) in [0, 1]; None where there is no picture of it."""
        given = self.styles[style]
        if imagined := Imagined.parse(given):
            return imagine(load_generator(imagined.file), imagined.seed, imagined.seed, 0.0)
        if _pictureless(given):
            return None
        square = load_square(find_style(given), STYLE_SIDE)
        return torch.from_numpy(square).permute(2, 0, 1)[None].float() / 255


def _pictureless(style: str) -> bool:
    """Whether it is a seed or a number, not a picture."""
    return Imagined.parse(style) is not None or (style.isdecimal() and not Path(style).is_file())
