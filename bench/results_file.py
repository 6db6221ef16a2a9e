"""Where figures go: one JSON file per benchmark, with the machine and the commit they were taken on."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"


def machine() -> dict[str, Any]:
    processor = platform.processor()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), processor)
    return {
        "processor": processor,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def record(name: str, figures: dict[str, Any]) -> None:
    """Print the figures and write them to bench/results/NAME.json."""
    git = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True).stdout.strip()
    when = datetime.now(timezone.utc).strftime("%Y-%m-%d")
    entry = {"benchmark": name, "date": when, "commit": commit, "machine": machine(), **figures}
    text = json.dumps(entry, indent=2, ensure_ascii=False)
    print(text)
    kind = "gpu" if torch.cuda.is_available() else "cpu"
    (ROOT / "bench" / "results" / f"{name}_{kind}.json").write_text(text + "\n", encoding="utf-8")
