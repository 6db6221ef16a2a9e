"""The same results with a GPU in the way."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch

import vidstyle
from vidstyle.media import open_source
from vidstyle.temporal.stabiliser import Stabiliser

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU")]


def frames(path: Path) -> tuple[list[Fraction], np.ndarray]:
    """Times in seconds and pixels (N, H, W, 3), by PyAV alone."""
    with av.open(str(path)) as container:
        decoded = list(container.decode(video=0))
        return [f.pts * f.time_base for f in decoded], np.stack([f.to_ndarray(format="rgb24") for f in decoded])


@pytest.fixture
def h264(clip: Path, tmp_path: Path) -> Path:
    """The clip's pictures, 256×192, in H.264: hardware decoders refuse smaller ones."""
    path = tmp_path / "h264.mp4"
    with av.open(str(clip)) as source, av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 256, 192, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for frame in source.decode(video=0):
            scaled = frame.reformat(256, 192)
            scaled.pts, scaled.time_base = frame.pts, frame.time_base
            out.mux(stream.encode(scaled))
        out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("batch", [None, 7])
def test_a_clip_is_painted_as_on_a_cpu(clip: Path, model: Path, tmp_path: Path, batch: int | None) -> None:
    style = torch.rand(1, 3, 64, 64)
    for device in ("cpu", "cuda"):
        out = tmp_path / f"{device}.mkv"
        options = {"model": model, "device": device, "codec": "ffv1", "batch": batch, "temporal": "off"}
        result = vidstyle.stylize(clip, style, out, **options)
        assert result.frames == 60
    (times, ours), (expected_times, expected) = frames(tmp_path / "cuda.mkv"), frames(tmp_path / "cpu.mkv")
    assert times == expected_times
    assert np.abs(ours.astype(int) - expected).mean() < 1  # half precision


@pytest.mark.parametrize("level", ["fast", "best"])
def test_a_clip_is_as_steady_as_on_a_cpu(level: str) -> None:
    coarse = torch.rand(1, 3, 30, 60, generator=torch.Generator().manual_seed(0))
    wide = torch.nn.functional.interpolate(coarse, (240, 480), mode="bicubic").clamp(0, 1)
    contents = [wide[..., i : i + 320] for i in range(20)]
    steps = []
    for device in ("cpu", "cuda"):
        stabiliser, memory, found = Stabiliser(level, device), vidstyle.ClipMemory(level), []
        for index, content in enumerate(contents):
            painted = (0.8 * content + 0.1 + 0.05 * (-1) ** index).to(device)
            found += stabiliser(content.to(device), painted, memory, index)
        found += stabiliser.finish(memory)
        steps.append(torch.cat(found).cpu().mean((1, 2, 3)).diff()[4:].abs().mean())
    assert steps[1] == pytest.approx(steps[0], rel=0.3)
    assert steps[1] < 0.05


def test_too_little_memory_costs_batches_not_frames(model: Path) -> None:
    style, content = torch.rand(1, 3, 64, 64), torch.rand(6, 3, 1024, 1024)
    roomy = vidstyle.Stylizer(model, device="cuda")
    code = roomy.encode_style(style)
    roomy(content[:1], code)  # what is set up once
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_reserved()
    expected = torch.cat([roomy(frame, code).cpu() for frame in content.split(1)])
    # All frames and paintings at once, but not what lies between them.
    room = 2 * content.nbytes + 2 * (torch.cuda.max_memory_reserved() - before)
    del roomy
    torch.cuda.empty_cache()
    notes: list[str] = []
    tight = vidstyle.Stylizer(model, device="cuda", note=notes.append)
    code = tight.encode_style(style)
    total = torch.cuda.get_device_properties(0).total_memory
    try:
        torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + room) / total)
        found = tight(content, code).cpu()
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert any("at once do not fit" in note for note in notes)
    assert not any("tiles" in note for note in notes)  # which would look a little different
    assert (found - expected).abs().mean() < 1 / 255


def test_hardware_decoding_gives_the_same_frames(h264: Path) -> None:
    with open_source(h264) as software, open_source(h264, hwaccel="cuda") as hardware:
        for a, b in zip(software, hardware, strict=True):
            assert a.stamp == b.stamp
            np.testing.assert_array_equal(a.rgb, b.rgb)


def test_hardware_encoding_keeps_frames_and_times(h264: Path, model: Path, tmp_path: Path) -> None:
    try:
        encoder = av.CodecContext.create("h264_nvenc", "w")
        encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 256, 192, "yuv420p", Fraction(1, 24)
        encoder.open()
    except (ValueError, av.FFmpegError):
        pytest.skip("this GPU, or this build of PyAV, has no h264_nvenc")
    out = tmp_path / "out.mp4"
    vidstyle.stylize(h264, torch.rand(1, 3, 64, 64), out, model=model, codec="h264_nvenc")
    assert frames(out)[0] == frames(h264)[0]
