"""Where a net runs and how precisely."""

from __future__ import annotations

import os

import torch

from vidstyle.errors import DeviceError, OptionError

__all__ = ["cpu_threads", "memory_format", "pick_device", "pick_precision", "precision_name"]

PRECISIONS = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16, "int8": torch.int8}


def pick_device(name: str = "auto") -> torch.device:
    """The device of that name; "auto" takes a CUDA GPU, then Apple's, then the CPU. DeviceError if it is not there."""
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(kind for kind, is_there in there.items() if is_there))
    try:
        device = torch.device(name)
    except RuntimeError:
        raise OptionError(f"no device is called {name}; choose auto, cpu, cuda or mps") from None
    if device.type not in there:
        raise OptionError(f"vidstyle does not run on {name}; choose auto, cpu, cuda or mps")
    if not there[device.type]:
        usable = ", ".join(kind for kind, is_there in there.items() if is_there)
        raise DeviceError(f"this machine has no usable {device.type} device (usable: {usable}); see vidstyle doctor")
    if device.type == "cuda" and device.index is not None and device.index >= torch.cuda.device_count():
        raise DeviceError(f"there is no {name}; this machine has {torch.cuda.device_count()} CUDA device(s)")
    return device


def pick_precision(name: str, device: torch.device) -> torch.dtype | None:
    """The dtype of that name ("fp32", "fp16", "bf16", "int8"). For "auto": fp16 on a GPU, None (what suits) else."""
    if name == "auto":
        return None if device.type == "cpu" else torch.float16
    if name not in PRECISIONS:
        raise OptionError(f"no precision is called {name}; choose auto, {', '.join(PRECISIONS)}")
    if device.type == "cpu" and name == "fp16":
        raise OptionError("a CPU has no fast fp16; choose auto, int8, fp32 or bf16")
    return PRECISIONS[name]


def precision_name(dtype: torch.dtype | None) -> str:
    """The name of a dtype; float32 where it is None."""
    return next(name for name, known in PRECISIONS.items() if known is (dtype or torch.float32))


def memory_format(device: torch.device) -> torch.memory_format:
    """How nets and pictures lie in memory: channels last on a CPU; elsewhere not, for reflecting a border undoes it."""
    return torch.channels_last if device.type == "cpu" else torch.contiguous_format


def cpu_threads() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
