"""Every runtime paints the same picture."""

import copy
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from vidstyle.errors import DeviceError, OptionError
from vidstyle.nets.brisk import Brisk
from vidstyle.nets.cyclegan import CycleGAN
from vidstyle.nets.int8 import calibrate
from vidstyle.nets.layered import LayeredNet
from vidstyle.nets.transformer_net import TransformerNet
from vidstyle.runtime import choice
from vidstyle.runtime.choice import engines, fastest
from vidstyle.runtime.device import pick_device, pick_precision
from vidstyle.runtime.eager import EagerEngine

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def net() -> Brisk:
    torch.manual_seed(0)
    return Brisk().eval()


def needs(runtime: str) -> None:
    if find_spec(runtime) is None:
        pytest.skip(f"{runtime} is not installed")


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
def test_a_graph_runtime_agrees_with_pytorch(net: Brisk, runtime: str) -> None:
    needs(runtime)
    (engine,) = engines(net, CPU, torch.float32, runtime)
    code = net.encode_style(torch.rand(1, 3, 128, 128))
    for shape in ((1, 3, 64, 96), (2, 3, 45, 70)):
        frames = torch.rand(shape)
        with torch.inference_mode():
            expected = net(frames, code, 0.8)
        torch.testing.assert_close(engine(frames, code, 0.8), expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("runtime", ["openvino", "pytorch"])
def test_bfloat16_costs_about_a_code_value_and_leaves_styles_alone(net: Brisk, runtime: str) -> None:
    if runtime != "pytorch":
        needs(runtime)
    (engine,) = engines(net, CPU, torch.bfloat16, runtime)
    code, frames = net.encode_style(torch.rand(1, 3, 128, 128)), torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        expected = net(frames, code)
    assert (engine(frames, code, 1.0) - expected).abs().mean() < 1 / 255


def test_whole_numbers_where_the_net_was_calibrated_for_them(net: Brisk) -> None:
    needs("openvino")
    calibrated = copy.deepcopy(net)
    calibrate(calibrated, [(torch.rand(1, 3, 96, 96), torch.rand(1, 3, 96, 96)) for _ in range(6)])
    code, frames = calibrated.encode_style(torch.rand(1, 3, 96, 96)), torch.rand(1, 3, 96, 128)
    found = {}
    for precision in (None, torch.int8, torch.float32):
        (engine,) = engines(calibrated, CPU, precision, "openvino")
        found[precision] = engine(frames, code, 1.0)
    (simulated,) = engines(calibrated, CPU, torch.int8, "pytorch")
    torch.testing.assert_close(found[None], found[torch.int8])
    assert (found[None] - simulated(frames, code, 1.0)).square().mean() < 1e-3
    assert (found[None] - found[torch.float32]).abs().max() > 1e-3
    with torch.inference_mode():
        torch.testing.assert_close(found[torch.float32], calibrated(frames, code), atol=1e-4, rtol=0)
    with pytest.raises(OptionError, match="calibrated"):
        engines(net, CPU, torch.int8)


@pytest.mark.parametrize("one_style", [CycleGAN(4, 1), TransformerNet(4, 4, 4, 1)])
def test_frames_of_few_pixels_are_painted_alike(one_style: LayeredNet) -> None:
    needs("openvino")
    eager, graph = (engines(one_style.eval(), CPU, torch.float32, name)[0] for name in ("pytorch", "openvino"))
    assert eager(torch.rand(1, 3, 1, 1), (), 1.0).isfinite().all()
    for size in ((3, 5), (4, 40)):
        frames = torch.rand(2, 3, *size)
        torch.testing.assert_close(graph(frames, (), 1.0), eager(frames, (), 1.0), atol=1e-2, rtol=0)


def test_the_fastest_is_taken(net: Brisk) -> None:
    found = engines(net, CPU, None)
    assert isinstance(found[-1], EagerEngine)
    code = net.encode_style(torch.rand(1, 3, 64, 64))
    assert fastest(found, code, 64, 64) in found


def test_slow_nets_are_run_once_by_each_engine(net: Brisk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "PATIENCE", 1e-9)
    calls = []
    eager = EagerEngine(net, CPU, None)
    with net.register_forward_hook(lambda *_: calls.append(1)):
        fastest([eager, eager], net.encode_style(torch.rand(1, 3, 64, 64)), 64, 64)
    assert len(calls) == 2


def test_unusable_choices_say_what_to_do(net: Brisk) -> None:
    with pytest.raises(OptionError, match="choose auto"):
        engines(net, CPU, None, "tensorflow")
    with pytest.raises(OptionError, match="choose auto"):
        pick_device("toaster")
    with pytest.raises(OptionError, match="choose auto"):
        pick_precision("fp16", CPU)
    if not torch.cuda.is_available():
        with pytest.raises(DeviceError, match="usable: "):
            pick_device("cuda")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU")
def test_half_precision_on_a_gpu_stays_close(net: Brisk) -> None:
    code, frames = net.encode_style(torch.rand(1, 3, 128, 128)), torch.rand(2, 3, 64, 96)
    with torch.inference_mode():
        expected = net(frames, code)

    engine = EagerEngine(copy.deepcopy(net), torch.device("cuda"), torch.float16)
    assert (engine(frames.cuda(), code, 1.0).cpu() - expected).abs().max() < 2 / 255


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
def test_a_runtime_reports_to_nobody(runtime: str, tmp_path: Path) -> None:
    needs(runtime)
    code = f"""
import sys, torch
from vidstyle.nets.brisk import Brisk
from vidstyle.nets.int8 import calibrate
from vidstyle.runtime.choice import engines
net = Brisk().eval()
(engine,) = engines(net, torch.device("cpu"), None, "{runtime}")
engine(torch.rand(1, 3, 32, 32), net.encode_style(torch.rand(1, 3, 32, 32)), 1.0)
assert "{runtime}" in sys.modules and not sys.modules.get("openvino_telemetry")
"""
    home = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], env={**os.environ, **home}, check=True)
    assert not list(tmp_path.iterdir())
