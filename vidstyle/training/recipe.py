"""A training recipe: every number of a run, read from a commented TOML file."""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from vidstyle.errors import OptionError
from vidstyle.near import meant

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = [
    "RECIPES",
    "CycleRecipe",
    "DcganRecipe",
    "DistilRecipe",
    "EncoderRecipe",
    "FastRecipe",
    "PainterRecipe",
    "Recipe",
    "SteadyRecipe",
    "load_recipe",
]

RECIPES = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class Recipe:
    """What every run has: a schedule, pictures, an optimizer."""

    architecture: str
    start_from: str = ""
    """Name or file of the model whose weights the run begins with; new weights where empty."""
    steps: int = 10_000
    """Length of the learning-rate schedule."""
    minutes: float = 0.0
    """If positive, the schedule follows the clock and ends after this long, whatever `steps` says."""
    batch: int = 8
    crop: int = 128
    """Side of the training crops in pixels."""
    side: int = 288
    """Short side at which pictures are kept in memory."""
    content_zoom: float = 0.3
    style_zoom: float = 0.3
    """Least share of a photo's or painting's area that a crop shows. Paintings are not enlarged by it."""
    holdout: int = 40
    """Photos kept away from training, for evaluation."""
    learning_rate: float = 1e-3
    final_rate: float = 0.02
    """Learning rate at the end, as a share of the peak."""
    decay: str = "cosine"
    """What the learning rate falls by: cosine, or linear in the second half."""
    warmup: int = 200
    """Steps of linear warm-up."""
    clip: float = 1.0
    """Largest gradient norm."""
    average: float = 0.999
    """Decay of the running mean of the weights, which is what is kept."""
    seed: int = 1

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch < 1 or self.crop < 32 or self.crop % 8:
            raise OptionError("a recipe needs steps ≥ 1, batch ≥ 1 and a crop ≥ 32 that is a multiple of 8")
        if self.warmup < 1 or self.decay not in ("cosine", "linear"):
            raise OptionError("a recipe needs warmup ≥ 1, and a decay that is cosine or linear")
        if not (0 < self.content_zoom <= 1 and 0 < self.style_zoom <= 1):
            raise OptionError("a recipe needs zooms above 0 and up to 1")
        if self.side < self.crop:
            raise OptionError(f"the recipe's side ({self.side}) must not be smaller than its crop ({self.crop})")


@dataclass(frozen=True)
class SteadyRecipe(Recipe):
    """A net whose paintings shall be steady: painting and moving must commute."""

    temporal: float = 0.0
    temporal_every: int = 1
    """The temporal terms are computed in every so many steps."""
    temporal_features: float = 0.0
    """Weight of the temporal term on what the net computes half-way."""
    clips_every: int = 2
    """Where there are clips, every so many of those steps see frames of a clip; the others a made-up motion."""
    furthest: int = 5
    """Frames between two frames of a clip, at most."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.temporal, self.temporal_features) < 0:
            raise OptionError("a recipe needs temporal and temporal_features ≥ 0")
        if min(self.temporal_every, self.clips_every, self.furthest) < 1:
            raise OptionError("a recipe needs temporal_every, clips_every and furthest ≥ 1")

    @property
    def steadied(self) -> bool:
        """Whether there are temporal terms at all."""
        return self.temporal > 0 or self.temporal_features > 0


@dataclass(frozen=True)
class PainterRecipe(SteadyRecipe):
    """A net that paints. Its loss is the sum of weight × term."""

    abstract: float = 0.0
    """Share of the styles that is made of the paintings: mosaics, cut-outs, other palettes."""
    optimizer: str = "adam"
    """adam, or muon for the weights between the first and the last layer."""
    large_crop: int = 0
    """Side of the crops, fewer at a time, of every `large_every`-th step; none where 0."""
    large_every: int = 4
    identity_steps: int = 500
    """The first steps only reproduce pictures in their own style; no teacher is asked, so they are cheap."""
    exact_after: float = 0.7
    """Share of the run after which relu1_1 … relu3_1 come from the exact VGG, where the encoder has one."""
    identity: float = 1.0
    """Mean absolute difference of a picture and its painting in its own style; the one term of the first steps."""
    content: float = 2.0
    style: float = 4.0
    gram: float = 1.0
    sliced: float = 0.0
    """Weight of the distance of whole distributions of features; takes time to sort."""
    contrastive: float = 0.0
    """Weight of the contrastive term: local changes of features as in the content."""
    variation: float = 0.02
    finest: float = 0.0
    """Weight of what a blur over three pixels takes away, as resampling does of what moves by parts of a pixel."""
    halos: float = 0.0
    """Weight of what surroundings do to a place: light rims around what is dark."""
    temporal: float = 4.0
    temporal_every: int = 3
    adversarial: float = 0.0
    """Weight of convincing critics, who learn to tell paintings from styles."""
    critic: int = 32
    """Width of a critic."""
    critic_sizes: int = 3
    """Sizes of a picture that have a critic each: full, half, …"""
    penalty: float = 10.0
    """Weight, for the critics, of a slope other than 1."""
    attend: int = 0
    """Layers of self-attention of a brisk that begins with new weights."""
    grow: float = 0.0
    """Share of the run during which crops grow from half of `crop`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.critic, self.critic_sizes) < 1 or self.attend < 0 or not 0 <= self.grow <= 1:
            raise OptionError("a recipe needs critic and critic_sizes ≥ 1, attend ≥ 0 and grow from 0 to 1")
        if self.adversarial and self.crop // (2 if self.grow else 1) < 16 * 2 ** (self.critic_sizes - 1):
            raise OptionError(f"crops are too small for critics at {self.critic_sizes} sizes; give fewer critic_sizes")
        if not 0 <= self.abstract < 1 or self.optimizer not in ("adam", "muon"):
            raise OptionError("a recipe's abstract is a share below 1, its optimizer adam or muon")
        if self.large_every < 1:
            raise OptionError("a recipe needs large_every ≥ 1")
        if self.large_crop and not self.crop <= self.large_crop <= self.side:
            raise OptionError("a recipe's large_crop is 0, or from its crop up to its side")


@dataclass(frozen=True)
class FastRecipe(SteadyRecipe):
    """A net with one style in its weights. Its loss is the sum of weight × term."""

    channels: tuple[int, ...] = (16, 32, 64)
    """At full, half and quarter size."""
    blocks: int = 3
    """Residual blocks."""
    style_side: int = 256
    """Short side, in pixels, at which the style is seen; larger gives larger strokes."""
    exact_after: float = 0.8
    """Share of the run after which relu1_1 … relu3_1 come from the exact VGG, where the encoder has one."""
    content: float = 4.0
    style: float = 2.0
    gram: float = 4.0
    variation: float = 0.02
    temporal: float = 30.0
    temporal_every: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.channels) != 3 or not all(isinstance(width, int) and width > 0 for width in self.channels):
            raise OptionError("a recipe for one style needs three channels ≥ 1")
        if self.blocks < 1 or not 32 <= self.style_side <= 4096:
            raise OptionError("a recipe for one style needs blocks ≥ 1, style_side from 32 to 4096")


@dataclass(frozen=True)
class CycleRecipe(SteadyRecipe):
    """Two generators between two domains. Their loss is the sum of weight × term."""

    generator: str = "resnet9"
    """resnet9, resnet6 or unet."""
    width: int = 64
    """Of the generators: channels at full size."""
    critic: int = 64
    """Width of the discriminators."""
    resize: bool = True
    """Upsample and convolve in place of transposed convolutions."""
    spectral: bool = False
    """Spectral in place of instance normalisation in the discriminators."""
    adversarial_loss: str = "lsgan"
    """lsgan, or bce for cross-entropy."""
    cycle_loss: str = "l1"
    """l1 or mse."""
    pool: int = 50
    """Paintings that the discriminators see again."""
    rotation: float = 0.0
    """Crops are turned by at most so many degrees."""
    colour: float = 0.0
    """Change of brightness, contrast and saturation, at most."""
    adversarial: float = 1.0
    cycle: float = 10.0
    identity: float = 5.0

    def __post_init__(self) -> None:
        super().__post_init__()
        choices = {
            "generator": ("resnet9", "resnet6", "unet"),
            "adversarial_loss": ("lsgan", "bce"),
            "cycle_loss": ("l1", "mse"),
        }
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise OptionError(f"a recipe's {name} is one of {', '.join(known)}")
        if min(self.width, self.critic) < 1 or min(self.pool, self.rotation, self.colour) < 0:
            raise OptionError("a recipe needs widths ≥ 1, and pool, rotation and colour ≥ 0")
        if self.temporal_features and self.generator == "unet":
            raise OptionError("most goes past the middle of a unet; leave temporal_features away, or take a resnet")


@dataclass(frozen=True)
class DcganRecipe(Recipe):
    """A generator of pictures like a folder's; they have `crop` pixels on a side."""

    latent: int = 100
    """Numbers that a picture is made of."""
    width: int = 32
    """Of the generator: channels at full size."""
    critic: int = 32
    """The same of the critic."""
    adversarial: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.crop not in (32, 64, 128, 256):
            raise OptionError("a recipe for a generator needs a crop of 32, 64, 128 or 256")
        if min(self.latent, self.width, self.critic) < 1:
            raise OptionError("a recipe for a generator needs latent, width and critic ≥ 1")


@dataclass(frozen=True)
class DistilRecipe(Recipe):
    """A net for one style that learns from another one. Its loss is the sum of weight × term."""

    taught_by: str = ""
    """Name or file of the model that teaches."""
    pixels: float = 5.0
    features: float = 1.0


@dataclass(frozen=True)
class EncoderRecipe(Recipe):
    """A small perceptual encoder, distilled from a large one."""

    channels: tuple[int, ...] = (16, 32, 64, 128, 128)
    """Of its five blocks."""
    features: float = 1.0
    statistics: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.channels) != 5 or not all(isinstance(width, int) and width > 0 for width in self.channels):
            raise OptionError("a recipe needs five channels ≥ 1")


KINDS: dict[str, type[Recipe]] = {
    "glance": EncoderRecipe,
    "transformer_net": FastRecipe,
    "cyclegan": CycleRecipe,
    "dcgan": DcganRecipe,
    "distil": DistilRecipe,
}
"""By architecture; all others are painters'."""


def load_recipe(name: str | Path, **changes: Any) -> Recipe:
    """The recipe of that name or file, with `changes` that are not None laid over it."""
    path = Path(name) if Path(name).suffix == ".toml" else RECIPES / f"{name}.toml"
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = sorted(file.stem for file in RECIPES.glob("*.toml"))
        close = meant(str(name), known)
        hint = f"did you mean {close}?" if close else f"known: {', '.join(known)}, or give a .toml file"
        raise OptionError(f"no recipe {name}; {hint}") from None
    except (OSError, ValueError) as error:  # no TOML, or no text
        raise OptionError(f"{path} is not valid TOML: {error}") from None
    kind = KINDS.get(str(values.get("architecture")), PainterRecipe)
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    wanted = {field.name: type(field.default) for field in fields(kind)} | {"architecture": str}
    for key, value in values.items():
        number = wanted.get(key) is float and type(value) is int
        if key in wanted and type(value) is not wanted[key] and not number:
            raise OptionError(f"{path}: {key} must be {'numbers' if wanted[key] is tuple else wanted[key].__name__}")
    unknown = set(values) - {field.name for field in fields(kind)}
    if unknown or "architecture" not in values:
        wrong = f"settings that no such recipe knows: {', '.join(sorted(unknown))}" if unknown else "no architecture"
        raise OptionError(f"{path} has {wrong}")
    return replace(kind(**values), **{key: value for key, value in changes.items() if value is not None})
