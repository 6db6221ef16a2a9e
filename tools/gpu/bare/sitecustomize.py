"""Hide the packages that the machine with the GPU lacks and that are not packed: for `TRY=1 tools/gpu/run.sh`."""

import os
import sys
from pathlib import Path

LACKING = {"av", "kornia", "kornia_rs", "lightning_fabric", "openvino", "platformdirs", "scenedetect", "torch_fidelity"}
PACKED = Path(os.environ["PACKED"])


class Bare:
    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name in LACKING and not (PACKED / name).exists():
            raise ModuleNotFoundError(
                f"No module named '{name}' on the machine with the GPU; see tools/gpu/pack.py", name=name
            )


sys.meta_path.insert(0, Bare())
