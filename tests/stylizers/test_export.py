"""Graphs that were written, run by the formats' own runtimes in a process without vidstyle."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from vidstyle.errors import ModelError, OptionError
from vidstyle.nets.brisk import Brisk, BriskSizes
from vidstyle.nets.cyclegan import CycleGAN
from vidstyle.nets.magenta import Magenta
from vidstyle.nets.microast import MicroAST
from vidstyle.nets.pix2pix import Pix2Pix
from vidstyle.nets.protocol import StyleNet
from vidstyle.nets.transformer_net import TransformerNet
from vidstyle.nets.unet import UNet
from vidstyle.stylizers import Stylizer
from vidstyle.stylizers.export import export, write_code
from vidstyle.zoo import Card, save

ENDINGS = {"onnx": ".onnx", "torchscript": ".pt", "openvino": ".xml"}
SMALL = BriskSizes(half=4, quarter=8, eighth=8, blocks=1, sixteenth=8, deep=1, trunk=(4, 8, 8, 8, 8), embedding=16)
NETS = {
    "brisk": lambda: Brisk(SMALL),
    "microast": lambda: MicroAST(4, 8, 8),
    "transformer_net": lambda: TransformerNet(4, 8, 8, 2),
    "cyclegan": lambda: CycleGAN(4, 6),
    "unet": lambda: UNet(4, 3),
    "pix2pix": lambda: Pix2Pix(4, 7),
    "magenta": lambda: Magenta((4, 6, 8), blocks=2, styles=3),
}
# Arguments: kind, file, inputs and outputs as .npz. Prints what the file says of itself.
RUN = """
import sys, numpy as np
kind, file, given, found = sys.argv[1:]
inputs = dict(np.load(given))
frames = [name for name in inputs if name.startswith("frames")]
code = [inputs["code"]] if "code" in inputs else []
sys.modules["openvino_telemetry"] = None
if kind == "onnx":
    import onnxruntime
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    run = lambda x: session.run(["painted"], dict(zip(("frames", "code"), (x, *code))))[0]
    print(session.get_modelmeta().custom_metadata_map["architecture"])
elif kind == "torchscript":
    import torch
    facts = {"architecture": ""}
    net = torch.jit.load(file, _extra_files=facts)
    run = lambda x: net(*map(torch.from_numpy, (x, *code))).numpy()
    print(facts["architecture"].decode())
else:
    import openvino
    model = openvino.Core().read_model(file)
    net = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    run = lambda x: net(dict(zip(("frames", "code"), (x, *code))))["painted"]
    print(model.get_rt_info(["vidstyle", "architecture"]).astype(str))
assert not any(name.startswith("vidstyle") for name in sys.modules)
np.savez(found, **{name: run(inputs[name]) for name in frames})
"""


def stylizer_of(net: StyleNet, folder: Path, architecture: str) -> Stylizer:
    save(net, Card(name="tiny", architecture=architecture), folder / "tiny.safetensors", torch.float32)
    return Stylizer(folder / "tiny.safetensors", "cpu", "fp32", "pytorch")


@pytest.mark.parametrize("kind", ENDINGS)
@pytest.mark.parametrize(("name", "baked"), [*((name, False) for name in NETS), ("brisk", True)])
def test_a_graph_paints_as_pytorch_does_at_any_size(tmp_path: Path, name: str, baked: bool, kind: str) -> None:
    needed = {"onnx": "onnxruntime", "torchscript": "torch", "openvino": "openvino"}[kind]
    if find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed")
    torch.manual_seed(0)
    stylizer = stylizer_of(NETS[name](), tmp_path, name)
    style = "1" if stylizer.net.styles else torch.rand(1, 3, 64, 80)
    code = stylizer.encode_style(None if stylizer.fixed_style else style)
    file = tmp_path / f"graph{ENDINGS[kind]}"
    export(stylizer, kind, file, code if baked else None)
    least = max(0, stylizer.net.least_side - 39)
    sizes = [(1, 48 + least, 64 + least), (2, 61 + least, 39 + least)]
    inputs = {f"frames{i}": torch.rand(n, 3, height, width).numpy() for i, (n, height, width) in enumerate(sizes)}
    if not baked and not stylizer.fixed_style:
        write_code(code, tmp_path / "code.npy")
        inputs["code"] = np.load(tmp_path / "code.npy")
    np.savez(tmp_path / "given.npz", **inputs)
    arguments = [kind, file, tmp_path / "given.npz", tmp_path / "found.npz"]
    done = subprocess.run([sys.executable, "-c", RUN, *arguments], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == name
    found = np.load(tmp_path / "found.npz")
    for key in found:
        expected = stylizer(torch.from_numpy(inputs[key]), code)
        np.testing.assert_allclose(found[key], expected.numpy(), atol=1e-3)


@pytest.mark.parametrize("kind", ["onnx", "openvino"])
def test_an_operation_that_a_format_does_not_have_is_told_in_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], kind: str
) -> None:
    pytest.importorskip({"onnx": "onnxruntime"}.get(kind, kind))
    stylizer = stylizer_of(Brisk(SMALL), tmp_path, "brisk")
    stylizer.net.forward = _own_values  # type: ignore[method-assign]
    file = tmp_path / f"graph{ENDINGS[kind]}"
    why = rf"^tiny \(brisk\) cannot be written as {kind}: there is no aten::linalg_eigh in it; choose another format$"
    with pytest.raises(ModelError, match=why):
        export(stylizer, kind, file)
    assert capfd.readouterr() == ("", "")
    assert not file.exists()


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    stylizer = stylizer_of(Brisk(SMALL), tmp_path, "brisk")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(OptionError, match=r"\.onnx"):
        export(stylizer, "onnx", tmp_path / "graph.pt")
    with pytest.raises(OptionError, match="calibrated"):
        export(stylizer, "openvino", tmp_path / "graph.xml", precision="int8")
    stylizer.net.forward = _sized  # type: ignore[method-assign]
    with pytest.raises(ModelError, match="differs from PyTorch"):
        export(stylizer, "torchscript", tmp_path / "graph.pt")
    assert sorted(tmp_path.iterdir()) == before


def _sized(frames: torch.Tensor, code: object, strength: float = 1.0) -> torch.Tensor:
    """A net whose trace holds for one size only."""
    return frames * float(frames.shape[-1] / 91)


def _own_values(frames: torch.Tensor, code: object, strength: float = 1.0) -> torch.Tensor:
    """What WCT does, and ONNX has not."""
    values, _ = torch.linalg.eigh(frames.mean(1) @ frames.mean(1).transpose(1, 2))
    return frames * values.mean()
