"""Models by name or file: load, save, and what is there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from platformdirs import user_data_path
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialize

from vidstyle.errors import ModelError
from vidstyle.near import meant, meant_file
from vidstyle.nets.protocol import StyleNet
from vidstyle.staging import StagedFile

from .architectures import build, detect
from .cards import Card, checksum
from .checkpoint import State, read_state_dict
from .parts import SUFFIXES, read_folder, read_siblings, stem
from .raw import read_magenta
from .releases import RELEASES

__all__ = ["ASSETS", "Model", "available", "fetched", "load", "read_card", "save", "write"]

ASSETS = Path(__file__).parents[1] / "assets"


@dataclass(frozen=True)
class Model:
    """A net ready to paint (evaluation mode, float32, CPU), its card and where it came from."""

    net: StyleNet
    card: Card
    path: Path


def load(name_or_path: str | Path, assets: Path = ASSETS) -> Model:
    """The model of a built-in or fetched name, a checkpoint file, a folder of one model, or one file of several.

    The architecture is deduced from the tensors. ModelError, in one line, where there is no such model, the file is
    no checkpoint or of no known architecture, or its tensors are not those that its card was written for.
    """
    path = _find(name_or_path, assets)
    metadata: Mapping[str, str] = {}
    if path.is_dir():
        state = read_magenta(path) or read_folder(path)
    else:
        state, metadata = read_state_dict(path)
        if detect(state) is None:
            state = read_siblings(path) or state
    try:
        card = Card.from_metadata(metadata)
    except ValueError as error:
        raise ModelError(f"{path} has a broken card: {error}") from None
    found = checksum(state)
    if card is not None and card.checksum and card.checksum != found:
        raise ModelError(f"{path} is damaged: its checksum is not that of its card; fetch it again")
    net, architecture = build(state, path)
    parameters = sum(parameter.numel() for parameter in net.parameters())
    card = card or Card(name=stem(path.resolve()), architecture=architecture.name, checksum=found)
    return Model(net.eval(), replace(card, architecture=architecture.name, parameters=parameters), path)


def save(net: StyleNet, card: Card, path: str | Path, dtype: torch.dtype = torch.float16) -> Card:
    """Write a net and its card as one safetensors file; the name appears only when the file is complete.

    `parameters` and `checksum` of the card are filled in; the card as written is returned. ValueError for a net that
    `load` would not know as `card.architecture`, or whose weights `dtype` cannot hold; OutputError for a path that
    cannot be written.
    """
    state = _cast(net, dtype)
    known = detect(state)
    if known is None or known.name != card.architecture:
        raise ValueError(f"the net would load as {known.name if known else 'nothing'}, not as {card.architecture}")
    return write(state, replace(card, parameters=sum(p.numel() for p in net.parameters())), path)


def write(state: State, card: Card, path: str | Path) -> Card:
    """Write tensors and a card, with their checksum in it, as one safetensors file. Errors: those of `save`."""
    state = {key: tensor.detach().cpu().contiguous() for key, tensor in state.items()}
    for key, tensor in state.items():
        if not tensor.isfinite().all():
            raise ValueError(f"the weights in {key} are not finite as {tensor.dtype}")
    card = replace(card, checksum=checksum(state))
    with StagedFile(Path(path), overwrite=True) as file:
        # Not safetensors' own save_file: that leaves a file that only its owner can read.
        file.path.write_bytes(serialize(state, metadata={"format": "pt", **card.to_metadata()}))
    return card


def fetched() -> Path:
    """The user's folder with models that were fetched; it need not exist."""
    return user_data_path("vidstyle") / "models"


def available(assets: Path = ASSETS) -> list[Card]:
    """The cards of the built-in and the fetched models, by name. ModelError for a file that has none."""
    return [replace(read_card(path), name=name) for name, path in sorted(_named(assets).items())]


def read_card(path: Path) -> Card:
    """The card in a file. ModelError where there is none."""
    try:
        with safe_open(path, framework="pt") as file:
            card = Card.from_metadata(file.metadata() or {})
    except (SafetensorError, OSError, ValueError):
        card = None
    if card is None:
        raise ModelError(f"{path} has no readable card; fetch it again, or install vidstyle again")
    return card


def _named(assets: Path) -> dict[str, Path]:
    """Files by the name under which they load; no fetched model takes a built-in one's."""
    return {path.stem: path for folder in (fetched(), assets) for path in sorted(folder.glob("[!.]*.safetensors"))}


def _find(name_or_path: str | Path, assets: Path) -> Path:
    text = os.fspath(name_or_path)
    named = _named(assets)
    if text in named:
        return named[text]
    path = Path(text).expanduser()
    with contextlib.suppress(OSError, ValueError):  # too long, or a null character: not a file either
        if path.exists():
            return path
    if path.parent != Path() or text.lower().endswith(SUFFIXES):
        near = meant_file(path)
        raise ModelError(f"there is no model file {text!r}" + (f"; did you mean {near}?" if near else ""))
    if text in RELEASES:
        raise ModelError(f"{text} is not here yet; run: vidstyle models get {text}")
    close = meant(text, named)
    hint = f"did you mean {close}?" if close else f"there are: {', '.join(named) or 'none'}"
    raise ModelError(f"there is no model {text!r}; {hint}")


def _cast(net: StyleNet, dtype: torch.dtype) -> State:
    # Copies, so that no two names share memory, which safetensors refuses.
    return {
        key: value.detach().to(dtype if value.is_floating_point() else value.dtype, copy=True)
        for key, value in net.state_dict().items()
    }
