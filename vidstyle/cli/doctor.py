"""`vidstyle doctor`: what this machine can do, and what is missing."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from .terminal import out, print_json

__all__ = ["doctor"]

ENCODERS = (
    "libx264",
    "libx265",
    "libsvtav1",
    "libvpx-vp9",
    "prores_ks",
    "dnxhd",
    "ffv1",
    "gif",
    "libwebp_anim",
    "h264_nvenc",
    "hevc_nvenc",
    "h264_qsv",
    "h264_videotoolbox",
)
EXTRAS = {
    "onnx": ("onnx", "onnxruntime"),
    "live": ("pygame-ce", "pyvirtualcam"),
    "web": ("fastapi", "uvicorn", "python-multipart", "aiortc"),
    "train": ("lightning-fabric", "tensorboard"),
    "evaluate": ("matplotlib", "h5py", "torchmetrics"),
}
"""What `pip install 'vidstyle[NAME]'` brings."""


def doctor(json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Tell what this machine can do, and what is missing."""
    facts = list(_facts())
    if json:
        print_json([{"what": what, "state": state, "hint": hint} for what, state, hint in facts])
        return
    table = Table(box=None, show_header=False)
    for what, state, hint in facts:
        table.add_row(what, state, Text(hint, style="yellow"))
    out.print(table)


def _facts() -> Iterator[tuple[str, str, str]]:
    """(what, how it stands, what to do about it)."""
    import av
    import torch

    from vidstyle.media import encoder_works
    from vidstyle.runtime.device import cpu_threads, pick_device
    from vidstyle.styles import builtin_styles
    from vidstyle.zoo import available

    yield "system", f"{platform.system()} {platform.machine()}, Python {platform.python_version()}", ""
    yield "processor", f"{_processor()}, {cpu_threads()} threads", ""
    yield "PyTorch", torch.__version__, ""
    yield "PyAV", f"{av.__version__}, FFmpeg {av.ffmpeg_version_info}", ""
    if torch.cuda.is_available():
        name, memory = torch.cuda.get_device_name(), torch.cuda.get_device_properties(0).total_memory
        yield "GPU", f"{name}, {memory / 2**30:.0f} GiB", ""
    elif os.path.exists("/proc/driver/nvidia"):
        yield "GPU", "there is one, but this PyTorch cannot use it", "pip install torch, a build with CUDA"
    else:
        yield "GPU", "none", ""
    yield "stylizes on", str(pick_device()), ""
    yield "OpenVINO", *_installed(("openvino",), "openvino")
    for extra, packages in EXTRAS.items():
        yield f"for {extra}", *_installed(packages, f"'vidstyle[{extra}]'")
    working = [name for name in ENCODERS if encoder_works(name)]
    yield "encoders", ", ".join(working), ""
    missing = [name for name in ENCODERS if name not in working]
    if missing:
        yield "encoders not here", ", ".join(missing), ""
    cards = available()
    yield (
        "models",
        ", ".join(card.name for card in cards) or "none",
        "" if cards else "the package is incomplete; install it again",
    )
    styles = builtin_styles()
    yield "styles", ", ".join(styles) or "none", "" if styles else "the package is incomplete; install it again"


def _installed(packages: tuple[str, ...], wanted: str) -> tuple[str, str]:
    """(the packages' versions, what to do about those that are missing)."""
    states, missing = [], False
    for package in packages:
        try:
            states.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            states.append(f"{package} is missing")
            missing = True
    return ", ".join(states), f"pip install {wanted}" if missing else ""


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
