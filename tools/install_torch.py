"""Install PyTorch into the environment that runs this script, without CUDA where there is no GPU for it.

PyPI's PyTorch for Linux on x86-64 brings gigabytes of CUDA. Without an NVIDIA GPU this looks for a CPU build first: at
the places that pip is configured for, then at PyTorch's own index. A PyTorch that is there already is kept.
"""

from __future__ import annotations

import importlib.util
import platform
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

VERSION = "2.13.0"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"


def pip(*arguments: str) -> bool:
    return subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *arguments]).returncode == 0


def wants_cpu_build() -> bool:
    """Only this platform's default build carries CUDA."""
    default_has_cuda = platform.system() == "Linux" and platform.machine() == "x86_64"
    has_gpu = shutil.which("nvidia-smi") is not None or Path("/proc/driver/nvidia").exists()
    return default_has_cuda and not has_gpu


def install() -> bool:
    if importlib.util.find_spec("torch"):
        return True
    if not wants_cpu_build():
        return pip("torch")
    print(f"no NVIDIA GPU here: installing a CPU build of PyTorch {VERSION}", flush=True)
    return (
        pip("--retries", "1", f"torch=={VERSION}+cpu")
        or pip("--index-url", CPU_INDEX, f"torch=={VERSION}")
        or pip(f"torch=={VERSION}")
    )


if __name__ == "__main__":
    if not install():
        sys.exit("PyTorch cannot be installed; see the messages above")
    # What is installed later (torchvision) must fit this PyTorch, not replace it.
    Path(sys.prefix, "torch-constraint.txt").write_text(f"torch=={version('torch')}\n")
