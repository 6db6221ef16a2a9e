"""The known architectures, and how to tell them apart by their tensors.

Users hand over files, not configurations: which net a file is for, and its widths and depths, are read off the names
and shapes of its tensors. The registry is copied on every change, so that a failed or concurrent registration leaves
it as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from vidstyle.errors import ModelError
from vidstyle.nets.adain import AdaIN
from vidstyle.nets.atelier import Atelier
from vidstyle.nets.brisk import Brisk
from vidstyle.nets.cyclegan import CycleGAN
from vidstyle.nets.magenta import Magenta
from vidstyle.nets.microast import MicroAST
from vidstyle.nets.pix2pix import Pix2Pix
from vidstyle.nets.protocol import StyleNet
from vidstyle.nets.transformer_net import TransformerNet
from vidstyle.nets.unet import UNet
from vidstyle.nets.wct import WCT

__all__ = ["Architecture", "architectures", "build", "detect", "has", "register", "untrained"]


@dataclass(frozen=True)
class Architecture:
    """A kind of net that a checkpoint may be for."""

    name: str
    """Short and lower case: what a card says and what an error lists."""
    matches: Callable[[Mapping[str, Tensor]], bool]
    """Whether a state dict is of this kind; looks at names and shapes alone, and claims no other kind's."""
    build: Callable[[Mapping[str, Tensor]], StyleNet]
    """A net with the sizes and weights of a state dict. Raises ValueError where a tensor does not fit."""
    parts: Mapping[str, str] = field(default_factory=dict)
    """For models published as several files: {prefix of the part's tensors: regular expression for its file's name}.
    What the group `run` matches (an iteration) must be the same in all files of one model."""
    optional: Mapping[str, str] = field(default_factory=dict)
    """Parts, as in `parts`, that a model may do without."""
    untrained: Callable[[], StyleNet] | None = None
    """A net to be trained, of the sizes that the project ships; None for kinds that are only imported."""


def untrained(name: str) -> StyleNet:
    """A net of the architecture of that name, to be trained. ModelError where there is none."""
    makers = {known.name: known.untrained for known in architectures() if known.untrained}
    if name not in makers:
        raise ModelError(f"no architecture to train is called {name}; known: {', '.join(sorted(makers))}")
    return makers[name]()


def has(state: Mapping[str, Tensor], shapes: Mapping[str, tuple[int | None, ...]]) -> bool:
    """Whether `state` has tensors of these names and shapes; None stands for any size."""
    return all(key in state and _fits(state[key].shape, shape) for key, shape in shapes.items())


def _fits(shape: tuple[int, ...], pattern: tuple[int | None, ...]) -> bool:
    return len(shape) == len(pattern) and all(want in (None, size) for size, want in zip(shape, pattern, strict=True))


_registry: dict[str, Architecture] = {}


def register(architecture: Architecture) -> None:
    """Make an architecture known. The latest is asked first. ValueError where the name is taken."""
    global _registry
    if not architecture.name or architecture.name in _registry:
        raise ValueError(f"there is an architecture {architecture.name!r} already" if architecture.name else "no name")
    _registry = {architecture.name: architecture, **_registry}


def architectures() -> tuple[Architecture, ...]:
    """All known architectures, in the order in which they are asked."""
    return tuple(_registry.values())


def detect(state: Mapping[str, Tensor]) -> Architecture | None:
    """The architecture that `state` is for, or None."""
    return next((architecture for architecture in architectures() if _matches(architecture, state)), None)


def build(state: Mapping[str, Tensor], source: object = "this checkpoint") -> tuple[StyleNet, Architecture]:
    """The net that `state` is for, with its weights in float32. ModelError, naming `source`, where there is none."""
    architecture = detect(state)
    if architecture is None:
        known = ", ".join(sorted(a.name for a in architectures()))
        raise ModelError(f"{source} is of no known architecture (known: {known})")
    try:
        for key, tensor in state.items():
            if not tensor.numel():
                raise ValueError(f"its tensor {key} is empty")
            # As the net will have it: float64 reaches further.
            if not tensor.isfinite().all() or not tensor.float().isfinite().all():
                raise ValueError(f"its tensor {key} has infinite or undefined values")
        return architecture.build(state).float(), architecture
    except KeyError as error:
        raise ModelError(f"{source} looks like {architecture.name}, but has no tensor {error.args[0]}") from None
    except (ValueError, IndexError, RuntimeError, TypeError) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ModelError(f"{source} looks like {architecture.name}, but: {reason}") from None


def _matches(architecture: Architecture, state: Mapping[str, Tensor]) -> bool:
    try:
        return bool(architecture.matches(state))
    except Exception:  # somebody else's matcher must not keep every other model from loading
        return False


register(
    Architecture(
        "adain",
        lambda state: has(
            state,
            {"decoder.1.weight": (None, None, 3, 3), "decoder.14.bias": (None,), "decoder.28.weight": (3, None, 3, 3)},
        ),
        AdaIN.from_state_dict,
        {"encoder": r"vgg_normalised", "decoder": r"decoder(?P<run>.*)"},
    )
)
register(
    Architecture(
        "microast",
        lambda state: has(
            state,
            {
                "content_encoder.enc1.0.conv_layer.weight": (None, 3, 9, 9),
                "modulator.weight1.0.conv_layer.weight": (None, 1, 3, 3),
                "decoder.dec3.10.conv_layer.weight": (3, None, 9, 9),
            },
        ),
        MicroAST.from_state_dict,
        {part: rf"{part}(?P<run>.*)" for part in ("content_encoder", "style_encoder", "modulator", "decoder")},
    )
)
register(
    Architecture(
        "wct",
        lambda state: (
            has(state, {"decoder1.1.weight": (3, None, 3, 3), "decoder2.8.weight": (3, None, 3, 3)})
            and any(key.startswith("encoder.") for key in state)
        ),
        WCT.from_state_dict,
        {
            "encoder": r"vgg_normalised_conv\d_1",
            "decoder1": r"feature_invertor_conv1_1",
            "decoder2": r"feature_invertor_conv2_1",
        },
        {f"decoder{level}": rf"feature_invertor_conv{level}_1" for level in (3, 4, 5)},
    )
)
register(
    Architecture(
        "magenta",
        lambda state: has(
            state,
            {
                "contract_conv1.weight": (None, 3, 9, 9),
                "contract_conv1.gamma": (None, None),
                "expand_conv3.weight": (3, None, 9, 9),
            },
        ),
        Magenta.from_state_dict,
    )
)
register(
    Architecture(
        "transformer_net",
        lambda state: has(
            state,
            {
                "conv1.conv2d.weight": (None, 3, 9, 9),
                "in1.weight": (None,),
                "deconv3.conv2d.weight": (3, None, 9, 9),
            },
        ),
        TransformerNet.from_state_dict,
    )
)
register(
    Architecture(
        "cyclegan",
        lambda state: has(
            state, {"model.1.weight": (None, 3, 7, 7), "model.10.conv_block.1.weight": (None, None, 3, 3)}
        ),
        CycleGAN.from_state_dict,
    )
)
register(
    Architecture(
        "pix2pix",
        lambda state: has(
            state,
            {
                "model.model.0.weight": (None, None, 4, 4),
                "model.model.1.model.1.weight": (None, None, 4, 4),
                "model.model.3.weight": (None, None, 4, 4),
            },
        ),
        Pix2Pix.from_state_dict,
    )
)
register(
    Architecture(
        "unet",
        lambda state: has(
            state,
            {
                "first.1.weight": (None, 3, 3, 3),
                "down.0.1.weight": (None, None, 4, 4),
                "last.1.weight": (3, None, 3, 3),
            },
        ),
        UNet.from_state_dict,
    )
)
register(
    Architecture(
        "brisk",
        lambda state: has(
            state, {"transformer.down2.weight": (None, 3, 4, 4), "style_encoder.embed.weight": (None, None)}
        ),
        Brisk.from_state_dict,
        untrained=Brisk,
    )
)
register(
    Architecture(
        "atelier",
        lambda state: has(
            state,
            {
                "transformer.stem.weight": (None, 3, 3, 3),
                "transformer.deep.0.conv1.weight": (None, None, 3, 3),
                "style_encoder.embed.weight": (None, None),
            },
        ),
        Atelier.from_state_dict,
        untrained=Atelier,
    )
)
