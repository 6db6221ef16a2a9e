"""Conversion against the closed forms of ITU-T H.273, written out here once more."""

from __future__ import annotations

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidstyle.frames import ColorSpec
from vidstyle.media.colour import ColourReader, ColourWriter

WEIGHTS = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114), 7: (0.212, 0.087), 9: (0.2627, 0.0593)}
SIZE = 16


def quantize(rgb: np.ndarray, matrix: int, full: bool, depth: int) -> list[np.ndarray]:
    """R'G'B' in [0, 1] -> Y', Cb, Cr codes."""
    kr, kb = WEIGHTS[matrix]
    r, g, b = np.moveaxis(rgb, -1, 0)
    y = kr * r + (1 - kr - kb) * g + kb * b
    cb, cr = (b - y) / (2 - 2 * kb), (r - y) / (2 - 2 * kr)
    s, peak = 2 ** (depth - 8), 2**depth - 1
    if full:
        codes = [y * peak, cb * peak + 128 * s, cr * peak + 128 * s]
    else:
        codes = [y * 219 * s + 16 * s, cb * 224 * s + 128 * s, cr * 224 * s + 128 * s]
    return [np.clip(np.rint(c), 0, peak) for c in codes]


def expected_rgb(codes: list[np.ndarray], matrix: int, full: bool, depth: int) -> np.ndarray:
    kr, kb = WEIGHTS[matrix]
    s, peak = 2 ** (depth - 8), 2**depth - 1
    y = codes[0] / peak if full else (codes[0] - 16 * s) / (219 * s)
    cb, cr = ((c - 128 * s) / (peak if full else 224 * s) for c in codes[1:])
    r, b = y + (2 - 2 * kr) * cr, y + (2 - 2 * kb) * cb
    return np.clip(np.stack([r, (y - kr * r - kb * b) / (1 - kr - kb), b], -1), 0, 1)


def picture(codes: list[np.ndarray], name: str, depth: int) -> av.VideoFrame:
    height, width = codes[0].shape
    frame = av.VideoFrame(width, height, name)
    dtype = np.dtype(np.uint8 if depth == 8 else np.uint16)
    for plane, code in zip(frame.planes, codes, strict=True):
        rows = np.zeros((plane.height, plane.line_size // dtype.itemsize), dtype)
        rows[:, : plane.width] = code
        plane.update(rows.tobytes())
    return frame


def plane_of(frame: av.VideoFrame, index: int, depth: int) -> np.ndarray:
    plane = frame.planes[index]
    dtype = np.dtype(np.uint8 if depth == 8 else np.uint16)
    return np.frombuffer(plane, dtype).reshape(plane.height, -1)[:, : plane.width].astype(int)


def name_of(chroma: str, depth: int) -> str:
    return f"yuv{chroma}p" + ("" if depth == 8 else f"{depth}le")


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    matrix=st.sampled_from(sorted(WEIGHTS)),
    full=st.booleans(),
    depth=st.sampled_from([8, 10, 12]),
)
def test_444_is_read_and_written_by_the_book(seed: int, matrix: int, full: bool, depth: int) -> None:
    rgb = np.random.default_rng(seed).random((SIZE, SIZE, 3))
    codes = quantize(rgb, matrix, full, depth)
    color = ColorSpec(full, matrix)
    frame = picture(codes, name_of("444", depth), depth)
    read, alpha = ColourReader(color, SIZE)(frame)
    scale = 255 if depth == 8 else 65535
    assert alpha is None
    assert read.dtype == (np.uint8 if depth == 8 else np.uint16)
    assert np.abs(read - expected_rgb(codes, matrix, full, depth) * scale).max() < 0.75

    back = ColourWriter(name_of("444", depth), color, SIZE).from_rgb(read)
    for index, code in enumerate(codes):
        assert np.abs(plane_of(back, index, depth) - code).max() <= 1


@pytest.mark.parametrize("depth", [8, 10, 12])
@pytest.mark.parametrize("chroma", ["420", "422"])
@pytest.mark.parametrize("full", [False, True])
def test_luma_survives_shared_chroma(depth: int, chroma: str, full: bool) -> None:
    ramp = np.linspace(0.1, 0.9, 64)[None, :, None] * np.array([0.9, 0.7, 0.5]) * np.ones((32, 1, 1))
    codes = quantize(ramp, 1, full, depth)
    sub = [c[:: 2 if chroma == "420" else 1, ::2] for c in codes[1:]]
    frame = picture([codes[0], *sub], name_of(chroma, depth), depth)
    color = ColorSpec(full, 1)
    rgb, _ = ColourReader(color, 1080)(frame)
    back = ColourWriter(name_of(chroma, depth), color, 1080).from_rgb(rgb)
    assert np.abs(plane_of(back, 0, depth) - codes[0]).max() <= 1


def test_untagged_follows_the_convention_by_height() -> None:
    codes = [np.full((SIZE, SIZE), v) for v in (120, 90, 200)]
    frame = picture(codes, "yuv444p", 8)
    for height, matrix in ((576, 6), (719, 6), (720, 1), (2160, 1)):
        rgb, _ = ColourReader(ColorSpec(), height)(frame)
        assert np.abs(rgb[0, 0] - expected_rgb(codes, matrix, False, 8)[0, 0] * 255).max() < 0.75


@pytest.mark.parametrize(("low", "high", "full"), [(16, 235, False), (0, 255, True)])
def test_gray_spans_black_to_white(low: int, high: int, full: bool) -> None:
    frame = picture([np.repeat([[low, high]], 2, 0)], "gray", 8)
    rgb, _ = ColourReader(ColorSpec(full), 2)(frame)
    assert rgb[0].tolist() == [[0, 0, 0], [255, 255, 255]]
    back = ColourWriter("gray", ColorSpec(full), 2).from_rgb(rgb)
    assert plane_of(back, 0, 8)[0].tolist() == [low, high]


@pytest.mark.parametrize("name", ["rgba", "bgra", "gbrap", "rgba64le", "yuva444p", "yuva444p12le", "ya8"])
def test_alpha_comes_back(name: str) -> None:
    deep = name.endswith("le")
    dtype, scale = (np.uint16, 257) if deep else (np.uint8, 1)
    gray = (np.arange(256).reshape(16, 16) * scale).astype(dtype)
    rgb, alpha = np.dstack([gray] * 3), gray.T.copy()
    frame = ColourWriter(name, ColorSpec(True, 1), 16).from_rgb(rgb, alpha)
    assert frame.format.name == name
    read, read_alpha = ColourReader(ColorSpec(True, 1), 16)(frame)
    tolerance = 16 if deep else 1
    assert np.abs(read.astype(int) - rgb).max() <= tolerance
    assert np.abs(read_alpha.astype(int) - alpha).max() <= tolerance


def test_deep_gbr_reaches_white() -> None:
    frame = picture([np.full((4, 4), 1023)] * 3, "gbrp10le", 10)
    rgb, _ = ColourReader(ColorSpec(True), 4)(frame)
    assert (rgb == 65535).all()
