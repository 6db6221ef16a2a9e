"""Models that are published as several files: finding the files that belong together."""

from __future__ import annotations

import re
from pathlib import Path

from vidstyle.errors import ModelError

from .architectures import Architecture, architectures, detect
from .checkpoint import State, read_state_dict

__all__ = ["SUFFIXES", "read_folder", "read_siblings", "stem"]

SUFFIXES = (".safetensors", ".pth.tar", ".pth", ".pt", ".ckpt", ".bin")

Members = dict[str, Path]  # {prefix of the part's tensors: its file}


def read_folder(folder: Path) -> State:
    """The tensors of the one model in a folder. ModelError where there is none, or more than one."""
    files = _checkpoints(folder)
    state = _join(_candidates(files), files, folder)
    if state is None and len(files) == 1:
        state, _ = read_state_dict(files[0])
    if state is None:
        what = "several checkpoints; give one of them" if files else f"no checkpoint ({', '.join(SUFFIXES)})"
        raise ModelError(f"{folder} is a folder with {what}")
    return state


def read_siblings(path: Path) -> State | None:
    """The tensors of the model that the file `path` is one part of, the others lying beside it.

    None where its name is not that of a part. ModelError where a part is missing.
    """
    files = _checkpoints(path.parent)
    candidates = [(a, run, members) for a, run, members in _candidates(files) if path in members.values()]
    state = _join(candidates, files, path)
    lacking = [_lacking(architecture, members) for architecture, _, members in candidates]
    if state is None and any(lacking):
        raise ModelError(f"{path} is one part of a model; put beside it: {' or '.join(filter(None, lacking))}")
    return state


def stem(file: Path) -> str:
    """The file's name without its checkpoint suffix (".pth.tar" is one)."""
    suffix = next((suffix for suffix in SUFFIXES if file.name.lower().endswith(suffix)), "")
    return file.name[: len(file.name) - len(suffix)]


def _checkpoints(folder: Path) -> list[Path]:
    try:
        return sorted(file for file in folder.iterdir() if file.name.lower().endswith(SUFFIXES) and file.is_file())
    except OSError as error:
        raise ModelError(f"cannot read {folder}: {error.strerror}") from None


def _candidates(files: list[Path]) -> list[tuple[Architecture, str, Members]]:
    """The models, complete or not, that the files' names speak of: architecture, run, members."""
    found = []
    for architecture in architectures():
        runs: dict[str, Members] = {}
        shared: Members = {}  # a part whose name has no run (a fixed encoder) belongs to every run
        for file in files:
            for prefix, pattern in {**architecture.parts, **architecture.optional}.items():
                if match := re.fullmatch(pattern, stem(file)):
                    run = match.groupdict().get("run")
                    (shared if run is None else runs.setdefault(run, {}))[prefix] = file
        if shared and not runs:
            runs = {"": {}}
        found += [(architecture, run, shared | members) for run, members in runs.items()]
    return found


def _lacking(architecture: Architecture, members: Members) -> str:
    names = [pattern.partition("(")[0] for prefix, pattern in architecture.parts.items() if prefix not in members]
    return f"{', '.join(names)} ({architecture.name})" if names else ""


def _join(candidates: list[tuple[Architecture, str, Members]], files: list[Path], source: Path) -> State | None:
    """The tensors of the one complete model among the candidates, each under its part's prefix."""
    models: dict[str, State] = {}
    for architecture, run, members in candidates:
        if _lacking(architecture, members):
            continue
        parts = {prefix: read_state_dict(file)[0] for prefix, file in members.items()}
        state = {f"{prefix}.{key}": tensor for prefix, part in parts.items() for key, tensor in part.items()}
        if detect(state) is not architecture:
            continue
        # Nets with one part more may share the layout of these parts, and would paint nonsense without it.
        strangers = [file for file in files if run and stem(file).endswith(run) and file not in members.values()]
        if strangers:
            raise ModelError(f"{source} looks like {architecture.name}, of which {strangers[0].name} is no part")
        models[f"{architecture.name} {run}".strip()] = state
    if len(models) > 1:
        raise ModelError(f"{source} is part of several models ({', '.join(models)}); give one file of the one you mean")
    return next(iter(models.values()), None)
