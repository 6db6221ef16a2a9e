"""Pictures in slots, against swscale and the closed forms of H.273."""

import av
import numpy as np
import pytest
import torch
from av.video.reformatter import Interpolation

from vidstyle.bridge import gpu_pixels, pixels
from vidstyle.bridge.protocol import Format, Layout

YUV = [Format.I420, Format.NV12]
CPU = torch.device("cpu")
WEIGHTS = {6: (0.299, 0.114), 1: (0.2126, 0.0722), 9: (0.2627, 0.0593)}


def on_a_gpu(slot: np.ndarray, layout: Layout) -> torch.Tensor:
    return gpu_pixels.read(slot, layout, CPU)


WAYS = pytest.mark.parametrize(("read", "write"), [(pixels.read, pixels.write), (on_a_gpu, gpu_pixels.write)])


@WAYS
@pytest.mark.parametrize("format", [Format.RGBA, Format.BGRA])
def test_channels_lie_in_their_order_and_alpha_stays(read, write, format: Format) -> None:
    layout = Layout(5, 3, format, 0, False)
    slot = np.random.default_rng(0).integers(0, 256, layout.size, np.uint8)
    codes = slot.reshape(3, 5, 4)
    order = [0, 1, 2] if format == Format.RGBA else [2, 1, 0]
    frame = read(slot, layout)
    assert torch.equal(frame[0].permute(1, 2, 0) * 255, torch.from_numpy(codes[..., order]).float())
    before = codes.copy()
    write(1 - frame, slot, layout)
    assert (codes[..., :3] == 255 - before[..., :3]).all()
    assert (codes[..., 3] == before[..., 3]).all()


@WAYS
@pytest.mark.parametrize("format", YUV)
@pytest.mark.parametrize("matrix", WEIGHTS)
@pytest.mark.parametrize("full", [False, True])
def test_colours_are_those_of_h273(read, write, format: Format, matrix: int, full: bool) -> None:
    """One colour all over, by E'Y = KR·R + KG·G + KB·B and (B − Y) / (2 − 2 KB)."""
    layout = Layout(7, 5, format, matrix, full)
    red, green, blue = 0.8, 0.3, 0.1
    kr, kb = WEIGHTS[matrix]
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    cb, cr = (blue - luma) / (2 - 2 * kb), (red - luma) / (2 - 2 * kr)
    expected = (
        [255 * luma, 255 * cb + 128, 255 * cr + 128] if full else [219 * luma + 16, 224 * cb + 128, 224 * cr + 128]
    )
    slot = np.zeros(layout.size, np.uint8)
    write(torch.tensor([red, green, blue])[None, :, None, None].expand(1, 3, 5, 7), slot, layout)
    chroma = slot[35:].reshape(2, -1) if format == Format.I420 else slot[35:].reshape(-1, 2).T
    for codes, value in zip((slot[:35], *chroma), expected, strict=True):
        assert (codes == round(value)).all()
    assert read(slot, layout)[0].mean((1, 2)).numpy() == pytest.approx([red, green, blue], abs=0.006)


@WAYS
@pytest.mark.parametrize("format", YUV)
def test_chroma_is_enlarged_as_swscale_does(read, write, format: Format) -> None:
    width, height = 64, 36
    rng = np.random.default_rng(0)
    smooth = av.VideoFrame.from_ndarray(rng.integers(0, 256, (6, 8, 3), np.uint8), "rgb24").reformat(width, height)
    name = "yuv420p" if format == Format.I420 else "nv12"
    source = smooth.reformat(format=name, dst_colorspace=1, dst_color_range=1)
    exact = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
    expected = source.reformat(format="rgb24", src_colorspace=1, src_color_range=1, interpolation=exact).to_ndarray()
    layout = Layout(width, height, format, 1, False)
    slot = source.to_ndarray().reshape(-1).copy()
    frame = read(slot, layout)[0].permute(1, 2, 0).numpy() * 255
    assert np.abs(frame - expected).mean() < 0.7
    assert np.abs(frame - expected).max() < 6
    back = slot.copy()
    write(read(slot, layout), back, layout)
    assert np.abs(back.astype(int) - slot).mean() < 0.5


@pytest.mark.parametrize("format", YUV)
@pytest.mark.parametrize(("width", "height"), [(1, 1), (2, 3), (33, 17), (18, 1)])
def test_both_ways_agree_at_odd_sizes(format: Format, width: int, height: int) -> None:
    layout = Layout(width, height, format, 6, False)
    slot = np.random.default_rng(0).integers(0, 256, layout.size, np.uint8)
    frame = pixels.read(slot, layout)
    assert frame.shape == (1, 3, height, width)
    assert torch.allclose(frame, on_a_gpu(slot, layout), atol=2e-6)
    ours, theirs = np.empty_like(slot), np.empty_like(slot)
    pixels.write(frame, ours, layout)
    gpu_pixels.write(frame, theirs, layout)
    # Half a code may be rounded either way.
    assert np.abs(ours.astype(int) - theirs).max() <= 1
    assert (ours != theirs).mean() < 0.02
